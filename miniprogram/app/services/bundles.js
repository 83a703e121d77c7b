const request = require('./request')

/** What can be asked for as one thing. → BundleView[] */
async function list() {
  return (await request.get('/v1/bundles')).items
}

/** @param {string} id */
const get = (id) => request.get(`/v1/bundles/${id}`)

/** All parts in one act, by the rule for what cannot be had. → CaseView @param {Record<string, any>} wanted */
const open = (wanted) => request.write('/v1/bundles', wanted)

module.exports = { get, list, open }
