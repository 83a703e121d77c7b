const request = require('./request')

/** A page of mine, newest first. @param {{ open?: boolean, kind?: string, cursor?: string, limit?: number }} wanted */
const list = (wanted) => request.get('/v1/cases', wanted)

/** @param {string} caseNo */
const get = (caseNo) => request.get(`/v1/cases/${caseNo}`)

/** Every step so far, the first first. @param {string} caseNo */
const history = (caseNo) => request.get(`/v1/cases/${caseNo}/history`)

/** Any move that the server offered in `actions`. @param {string} caseNo @param {string} action @param {Record<string, any>} fields */
const move = (caseNo, action, fields) => request.write(`/v1/cases/${caseNo}/${action}`, fields)

module.exports = { get, history, list, move }
