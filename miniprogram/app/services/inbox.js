const request = require('./request')

/** → { items: MessageView[], unread, next } @param {string} [cursor] */
const list = (cursor) => request.get('/v1/inbox', { cursor })

const readAll = () => request.write('/v1/inbox/read')

/** @param {string} id */
const readOne = (id) => request.write('/v1/inbox/read', { ids: [id] })

module.exports = { list, readAll, readOne }
