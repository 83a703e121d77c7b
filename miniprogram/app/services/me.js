const request = require('./request')

/** Who holds the phone. → ResidentView */
const get = () => request.get('/v1/me')

/** Only what is sent is changed: name, household, preferences, birth_year. @param {Record<string, any>} changes */
const change = (changes) => request.write('/v1/me', changes)

/** The number behind the code of the phone button. @param {string} code */
const bindPhone = (code) => request.write('/v1/me/phone', { code })

/** Take the disability certificate out of the profile. */
const dropDisability = () => request.write('/v1/me/disability', {}, 'DELETE')

/** All that is kept of me, as one object. */
const everything = () => request.get('/v1/me/export')

/** Close the account: what is personal is wiped. */
async function close() {
  await request.write('/v1/me', {}, 'DELETE')
  request.forget()
}

/** Every device has to sign in again; this one does so silently. */
async function signOutEverywhere() {
  await request.write('/v1/sessions/all', {}, 'DELETE')
  request.forget()
}

module.exports = { bindPhone, change, close, dropDisability, everything, get, signOutEverywhere }
