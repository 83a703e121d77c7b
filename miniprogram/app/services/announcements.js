const request = require('./request')

/** → { items: AnnouncementLineView[], next } @param {{ cursor?: string | null, limit?: number }} [query] */
const list = (query) => request.get('/v1/announcements', query)

/** → AnnouncementView @param {string} id */
const get = (id) => request.get(`/v1/announcements/${id}`)

/** @param {string} id @param {number} edition */
const read = (id, edition) => request.write(`/v1/announcements/${id}/read`, { edition })

module.exports = { get, list, read }
