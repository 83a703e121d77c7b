const request = require('./request')

/** Ask for a time, or hold it for a few minutes with `hold`. → CaseView @param {Record<string, any>} wanted */
const book = (wanted) => request.write('/v1/bookings', wanted)

module.exports = { book }
