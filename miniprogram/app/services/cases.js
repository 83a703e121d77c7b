const request = require('./request')

/** A page of mine, newest first. @param {{ open?: boolean, kind?: string, cursor?: string, limit?: number }} wanted */
const list = (wanted) => request.get('/v1/cases', wanted)

/** @param {string} caseNo */
const get = (caseNo) => request.get(`/v1/cases/${caseNo}`)

/** Every step so far, the first first. @param {string} caseNo */
const history = (caseNo) => request.get(`/v1/cases/${caseNo}/history`)

/** Any move that the server offered in `actions`. @param {string} caseNo @param {string} action @param {Record<string, any>} fields */
const move = (caseNo, action, fields) => request.write(`/v1/cases/${caseNo}/${action}`, fields)

/** The kinds that have a page of their own; any other is seen on the page that is there for every kind. @type {Record<string, string>} */
const PAGES = { ride: '/packages/rides/pages/ride/index', ticket: '/packages/tickets/pages/ticket/index' }

/** Where a case is seen. @param {{ case_no: string, kind: string }} item */
const address = ({ case_no: caseNo, kind }) => `${PAGES[kind] || '/packages/cases/pages/case/index'}?case_no=${caseNo}`

/** Whether it has a page of its own. @param {string} kind */
const apart = (kind) => kind in PAGES

module.exports = { address, apart, get, history, list, move }
