const request = require('./request')

/** Stand in line for a time. → WaitingView @param {string} serviceId @param {string} start */
const join = (serviceId, start) => request.write('/v1/waitlist', { service_id: serviceId, start })

/** @param {{ open?: boolean, cursor?: string }} [wanted] */
const list = (wanted) => request.get('/v1/waitlist', wanted)

/** @param {string} id */
const leave = (id) => request.write(`/v1/waitlist/${id}`, {}, 'DELETE')

module.exports = { join, leave, list }
