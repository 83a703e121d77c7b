const request = require('./request')

/** → { items: CommentView[], next, open, left }, newest first. @param {string} announcementId @param {string | null} [cursor] */
const list = (announcementId, cursor) => request.get(`/v1/announcements/${announcementId}/comments`, { cursor })

/** → CommentView @param {string} announcementId @param {string} text */
const write = (announcementId, text) => request.write(`/v1/announcements/${announcementId}/comments`, { text })

/** Take one's own away. @param {string} id */
const drop = (id) => request.write(`/v1/comments/${id}`, {}, 'DELETE')

module.exports = { drop, list, write }
