const request = require('./request')

const PATH = '/v1/passengers'

/** Those who travel with me, their papers masked. → PassengerView[] */
async function all() {
  const found = []
  let cursor = null
  do {
    const page = await request.get(PATH, { cursor })
    found.push(...page.items)
    cursor = page.next
  } while (cursor)
  return found
}

/** The papers that one may travel with. → IdKindChoice[] */
async function papers() {
  return (await request.get('/v1/passengers/id-kinds')).items
}

/** → PassengerView @param {Record<string, any>} wanted */
const add = (wanted) => request.write(PATH, wanted)

/** Only what is named is changed. → PassengerView @param {string} id @param {Record<string, any>} changes */
const change = (id, changes) => request.write(`${PATH}/${id}`, changes)

/** @param {string} id */
const remove = (id) => request.write(`${PATH}/${id}`, {}, 'DELETE')

module.exports = { add, all, change, papers, remove }
