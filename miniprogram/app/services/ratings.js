const request = require('./request')

/** What the rating page is drawn from. @param {string} caseNo */
const sheet = (caseNo) => request.get(`/v1/cases/${caseNo}/rating`)

/** @param {string} caseNo @param {Record<string, any>} rating */
const give = (caseNo, rating) => request.write(`/v1/cases/${caseNo}/rating`, rating)

module.exports = { give, sheet }
