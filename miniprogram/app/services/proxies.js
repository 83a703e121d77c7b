const request = require('./request')

/** Those I gave and those I hold. @param {string} [cursor] */
const list = (cursor) => request.get('/v1/proxies', { cursor })

/** Let somebody act for me. → InvitationView with the code, shown this once. @param {{ scopes: string[], days: number, relation: string }} wanted */
const invite = (wanted) => request.write('/v1/proxies', wanted)

/** Act for whoever gave me the code. @param {string} code */
const accept = (code) => request.write('/v1/proxies/accept', { code })

/** @param {string} id */
const revoke = (id) => request.write(`/v1/proxies/${id}`, {}, 'DELETE')

module.exports = { accept, invite, list, revoke }
