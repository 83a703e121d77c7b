// Consent to the rules of use, asked before anything personal is fetched or sent.

const AGREED = 'agreed'
/** Raised when the text changes: everybody is asked again. */
const EDITION = 1

const given = () => wx.getStorageSync(AGREED) === EDITION
const give = () => wx.setStorageSync(AGREED, EDITION)

module.exports = { give, given }
