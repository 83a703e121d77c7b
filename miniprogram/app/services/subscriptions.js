const request = require('./request')

const AT_ONCE = 3
const AGREED = 'accept'
/** WeChat's number for it. */
const SWITCHED_OFF = 20004
/** How somebody stands to a template who has not said no to it. @type {Record<string, boolean>} */
const WILLING = { unknown: true, accepted: true }

/** → SubscriptionView[] */
async function list() {
  return (await request.get('/v1/subscriptions')).items
}

/**
 * Ask within a tap for the messages that belong to these moments: those that could not be sent now before the others, and
 * the first moment first. It must be the first thing that the tap does, so the templates are those that `prepare` has
 * fetched. Whatever the answer, what the tap was for goes on.
 * @param {string[]} moments
 */
async function ask(...moments) {
  const place = (/** @type {any} */ one) => (one.credits ? moments.length : 0) + moments.indexOf(one.moment)
  const wanted = prepared.filter((one) => moments.includes(one.moment) && one.state !== 'banned')
  await askFor(wanted.sort((one, other) => place(one) - place(other) || one.credits - other.credits).map((one) => one.template_id))
}

/** Whether something of this moment could not be sent now, and nobody has said no to it. @param {string} moment */
function lacks(moment) {
  return prepared.some((one) => one.moment === moment && !one.credits && WILLING[one.state])
}

/**
 * Ask for these, three at most. → how many were agreed to, and whether all of them are switched off in WeChat's settings
 * @param {string[]} ids
 */
async function askFor(ids) {
  const tmplIds = ids.slice(0, AT_ONCE)
  if (!tmplIds.length) return { agreed: 0, off: false }
  try {
    const answers = await wx.requestSubscribeMessage({ tmplIds })
    const results = Object.fromEntries(tmplIds.map((id) => [id, answers[id]]))
    const agreed = Object.values(results).filter((one) => one === AGREED).length
    prepared = (await request.write('/v1/subscriptions', { results })).items || prepared
    return { agreed, off: false }
  } catch (error) {
    return { agreed: 0, off: Number(error.errCode) === SWITCHED_OFF }
  }
}

/** Whether the switch for all of them is off in WeChat's settings. */
async function switchedOff() {
  const { subscriptionsSetting } = await wx.getSetting({ withSubscriptions: true }).catch(() => ({ subscriptionsSetting: null }))
  return Boolean(subscriptionsSetting) && subscriptionsSetting.mainSwitch === false
}

/** Lead to them, within a tap. */
const openSettings = () => wx.openSetting({ withSubscriptions: true }).catch(() => null)

/** @type {any[]} */
let prepared = []

/** Fetch what `ask` needs, a page or more before the tap: what was known before stays when the network is away. */
async function prepare() {
  prepared = await list().catch(() => prepared)
}

module.exports = { AT_ONCE, ask, askFor, lacks, list, openSettings, prepare, switchedOff }
