const request = require('./request')

/** → { items: ServiceView[], categories: CategoryView[] } @param {{ category?: string }} [wanted] */
const list = (wanted) => request.get('/v1/services', wanted)

/** @param {string} serviceId */
const get = (serviceId) => request.get(`/v1/services/${serviceId}`)

/** → { days: [{ date, note, slots: [{ start, end, free }] }] } @param {string} serviceId @param {number} [days] */
const slots = (serviceId, days = 14) => request.get(`/v1/services/${serviceId}/slots`, { days })

module.exports = { get, list, slots }
