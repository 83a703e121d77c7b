const files = require('./files')
const request = require('./request')

/** What there is, what expires soon, and the card. → PointsView @param {string} [whose] of family who lets me look */
const get = (whose) => request.get('/v1/points', { resident_id: whose })

/** → PointsEntriesView @param {{ whose?: string, month?: string, cursor?: string }} wanted */
const entries = ({ whose, month, cursor }) => request.get('/v1/points/entries', { resident_id: whose, month, cursor })

/** One entry and the purchase it came from. → OpenedEntryView @param {string} seq @param {string} [whose] */
const entry = (seq, whose) => request.get(`/v1/points/entries/${seq}`, { resident_id: whose })

/** → PointsMonthsView @param {{ whose?: string, cursor?: string }} wanted */
const months = ({ whose, cursor }) => request.get('/v1/points/months', { resident_id: whose, cursor })

/** → StatementView @param {string} month @param {string} [whose] */
const statement = (month, whose) => request.get(`/v1/points/statements/${month}`, { resident_id: whose })

/** The statement as a table, as text. @param {string} month @param {string} [whose] */
const table = (month, whose) => request.get(`/v1/points/statements/${month}/entries.csv`, { resident_id: whose })

/** The statement as PDF, drawn when it is asked for, and opened. @param {string} month @param {string} [whose] */
function paper(month, whose) {
  const path = `/v1/points/statements/${month}/paper`
  return files.openDrawn(() => request.write(path, whose ? { resident_id: whose } : {}), () => request.get(path, { resident_id: whose }))
}

/** Nothing is paid with my card from now on. → CardView @param {string} reason */
const lost = (reason) => request.write('/v1/points/card/lost', { reason })

/** Take my card with the code from the window. → CardView @param {{ number: string, code: string }} wanted */
const claim = (wanted) => request.write('/v1/points/card/claim', wanted)

module.exports = { claim, entries, entry, get, lost, months, paper, statement, table }
