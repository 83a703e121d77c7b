const request = require('./request')

const AT_ONCE = 3

/** → SubscriptionView[] */
async function list() {
  return (await request.get('/v1/subscriptions')).items
}

/**
 * Ask within a tap for the messages that belong to this moment. It must be the first thing that the tap does, so the
 * templates are those that `prepare` has fetched. Whatever the answer, what the tap was for goes on.
 * @param {string} moment
 */
async function ask(moment) {
  const mine = prepared.filter((one) => one.moment === moment && one.state !== 'banned')
  await askFor(mine.sort((one, other) => one.credits - other.credits).map((one) => one.template_id))
}

/** Ask for these, three at most. @param {string[]} ids */
async function askFor(ids) {
  const tmplIds = ids.slice(0, AT_ONCE)
  if (!tmplIds.length) return
  try {
    const answers = await wx.requestSubscribeMessage({ tmplIds })
    const results = Object.fromEntries(tmplIds.map((id) => [id, answers[id]]))
    await request.write('/v1/subscriptions', { results })
  } catch (error) {
    return
  }
}

/** @type {any[]} */
let prepared = []

/** Fetch what `ask` needs, when the page opens. */
async function prepare() {
  try {
    prepared = await list()
  } catch (error) {
    prepared = []
  }
}

module.exports = { ask, askFor, list, prepare }
