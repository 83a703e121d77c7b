const request = require('./request')

/** The same visit every week. → PlanView @param {Record<string, any>} wanted */
const make = (wanted) => request.write('/v1/plans', wanted)

/** @param {{ cursor?: string }} [wanted] */
const list = (wanted) => request.get('/v1/plans', wanted)

/** @param {string} id @param {string} date */
const skip = (id, date) => request.write(`/v1/plans/${id}/skips`, { date })

/** @param {string} id @param {'pause'|'resume'|'end'} how @param {boolean} cancelBooked */
const change = (id, how, cancelBooked = false) => request.write(`/v1/plans/${id}/${how}`, how === 'resume' ? {} : { cancel_booked: cancelBooked })

module.exports = { change, list, make, skip }
