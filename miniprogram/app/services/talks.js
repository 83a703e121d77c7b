const request = require('./request')

/** → { items: TalkView[], unread, next }, newest first. @param {string} caseNo @param {string} [cursor] */
const list = (caseNo, cursor) => request.get(`/v1/cases/${caseNo}/messages`, { cursor })

/** @param {string} caseNo @param {{ text: string, attachments: string[] }} said */
const say = (caseNo, said) => request.write(`/v1/cases/${caseNo}/messages`, said)

/** @param {string} caseNo */
const read = (caseNo) => request.write(`/v1/cases/${caseNo}/messages/read`)

/** A photo for this case. → AttachmentView @param {string} caseNo @param {string} path */
const photo = (caseNo, path) => request.upload(`/v1/cases/${caseNo}/attachments`, path)

module.exports = { list, photo, read, say }
