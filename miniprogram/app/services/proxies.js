const request = require('./request')

const BOOKINGS = 'bookings'

/** Those I gave and those I hold. @param {string} [cursor] */
const list = (cursor) => request.get('/v1/proxies', { cursor })

/** Let somebody act for me. → InvitationView with the code, shown this once. @param {{ scopes: string[], days: number, relation: string }} wanted */
const invite = (wanted) => request.write('/v1/proxies', wanted)

/** Act for whoever gave me the code. @param {string} code */
const accept = (code) => request.write('/v1/proxies/accept', { code })

/** @param {string} id */
const revoke = (id) => request.write(`/v1/proxies/${id}`, {}, 'DELETE')

/**
 * Whom something may be for, as choices: oneself first, then those who let me act for them in this. Only oneself: [].
 * @param {string} mine my id
 * @param {string} [scope] what they let me do
 * @returns {Promise<{ value: string, text: string, name: string }[]>}
 */
async function people(mine, scope = BOOKINGS) {
  const { items } = await list()
  const held = items.filter((/** @type {any} */ one) => one.holder && one.holder.id === mine && one.scopes.includes(scope) && inForce(one))
  const once = held.filter((/** @type {any} */ one, /** @type {number} */ at) => held.findIndex((/** @type {any} */ other) => other.principal.id === one.principal.id) === at)
  const others = once.map(({ principal, relation }) => ({ value: principal.id, text: [relation, principal.name].filter(Boolean).join(' ') || '家人', name: principal.name || relation || '家人' }))
  return others.length ? [{ value: '', text: '自己', name: '' }, ...others] : []
}

/** @param {any} proxy */
const inForce = (proxy) => !proxy.revoked_at && Date.parse(proxy.expires_at) > Date.now()

module.exports = { accept, invite, list, people, revoke }
