// What was typed into a form and not sent yet: it is still there when one comes back.

const DRAFTS = 'draft.'

/** @param {string} name @returns {Record<string, any>} */
const get = (name) => wx.getStorageSync(DRAFTS + name) || {}

/** @param {string} name @param {Record<string, any>} value */
const keep = (name, value) => wx.setStorageSync(DRAFTS + name, value)

/** @param {string} name */
const drop = (name) => wx.removeStorageSync(DRAFTS + name)

module.exports = { drop, get, keep }
