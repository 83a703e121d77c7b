const request = require('./request')

const PATH = '/v1/passengers'

/** Those who travel with me, the newest first; their papers masked. → PassengerView[] @param {string} [whose] of somebody who lets me act for them */
async function all(whose) {
  const found = []
  let cursor = null
  do {
    const page = await request.get(PATH, { cursor, resident_id: whose })
    found.push(...page.items)
    cursor = page.next
  } while (cursor)
  return found
}

/** → PassengerView @param {Record<string, any>} wanted */
const add = (wanted) => request.write(PATH, wanted)

/** Only what is named is changed. → PassengerView @param {string} id @param {Record<string, any>} changes */
const change = (id, changes) => request.write(`${PATH}/${id}`, changes)

/** @param {string} id */
const remove = (id) => request.write(`${PATH}/${id}`, {}, 'DELETE')

module.exports = { add, all, change, remove }
