const request = require('./request')

const AT_ONCE = 3

/** → SubscriptionView[] */
async function list() {
  return (await request.get('/v1/subscriptions')).items
}

/**
 * Ask within a tap for the messages that belong to these moments, the first moment first. It must be the first thing that
 * the tap does, so the templates are those that `prepare` has fetched. Whatever the answer, what the tap was for goes on.
 * @param {string[]} moments
 */
async function ask(...moments) {
  const wanted = prepared.filter((one) => one.state !== 'banned').sort((one, other) => one.credits - other.credits)
  await askFor(moments.flatMap((moment) => wanted.filter((one) => one.moment === moment)).map((one) => one.template_id))
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

/** Fetch what `ask` needs, a page or more before the tap: what was known before stays when the network is away. */
async function prepare() {
  prepared = await list().catch(() => prepared)
}

module.exports = { ask, askFor, list, prepare }
