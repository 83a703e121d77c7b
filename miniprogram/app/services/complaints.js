const request = require('./request')

/** What the complaint page is drawn from. @param {string} caseNo */
const sheet = (caseNo) => request.get(`/v1/cases/${caseNo}/complaint`)

/** @param {{ case_no: string, reason: string, text: string }} complaint */
const file = (complaint) => request.write('/v1/complaints', complaint)

module.exports = { file, sheet }
