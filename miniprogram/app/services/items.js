const request = require('./request')

/** Everything that can be applied for, in the street's own order. → ItemCard[] */
async function all() {
  const found = []
  let cursor = null
  do {
    const page = await request.get('/v1/items', { cursor })
    found.push(...page.items)
    cursor = page.next
  } while (cursor)
  return found
}

/** The guide of one. → ItemView @param {string} code */
const get = (code) => request.get(`/v1/items/${code}`)

module.exports = { all, get }
