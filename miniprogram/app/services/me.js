const request = require('./request')

/** Who holds the phone. → ResidentView */
const get = () => request.get('/v1/me')

/** Only what is sent is changed: name, household, preferences, birth_year. @param {Record<string, any>} changes */
const change = (changes) => request.write('/v1/me', changes)

/** The number behind the code of the phone button. @param {string} code */
const bindPhone = (code) => request.write('/v1/me/phone', { code })

module.exports = { bindPhone, change, get }
