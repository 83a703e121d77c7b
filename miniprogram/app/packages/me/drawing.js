// How plans, proxies, subscriptions and wishes are drawn. The words are the server's; here they get their colours.

/** @type {Record<string, string>} */
const TONES = { active: 'active', held: 'active', granted: 'active', paused: 'wait', invited: 'wait' }
const BOOKED = 'booked'
const PAUSED = 'paused'
const GRANTED = 'granted'
const ACCEPTED = 'accepted'
const REJECTED = 'rejected'
const BANNED = 'banned'

/** @param {any} plan */
function planOf(plan) {
  return {
    ...plan,
    tone: TONES[plan.state] || 'grey',
    paused: plan.state === PAUSED,
    visits: plan.visits.slice(0, 4).map((/** @type {any} */ visit) => ({
      ...visit,
      booked: visit.state === BOOKED,
      text: [visit.case_state_text || visit.state_text, visit.substitute && `${visit.worker} 代班`, visit.reason].filter(Boolean).join(' · '),
    })),
  }
}

/** @param {any} proxy */
function proxyOf(proxy) {
  return { ...proxy, tone: TONES[proxy.state] || 'grey', end: proxy.side === GRANTED ? '收回' : '不再代办' }
}

/** How often WeChat still tells somebody of this, and what can be done about it. @param {any} one */
function subscriptionOf(one) {
  const banned = one.state === BANNED
  const agreed = one.state === ACCEPTED
  const refused = one.state === REJECTED && !one.credits
  if (banned) return { ...one, text: '微信停用了', tone: 'grey', button: '', refused: false }
  if (one.long_term) return { ...one, text: agreed ? '一直能收' : '还没同意', tone: agreed ? 'active' : 'grey', button: agreed ? '' : '同意接收', refused }
  const text = one.credits ? `还能收 ${one.credits} 次` : refused ? '您没同意' : '没有次数'
  return { ...one, text, tone: one.credits ? 'active' : refused ? 'wait' : 'grey', button: '再收 1 次', refused }
}

/**
 * What somebody is told of, one card for each topic: `fewest` are those that a tap asks for, the fewest first.
 * @param {any[]} topics @param {any[]} subscriptions @param {number} most
 */
function groupsOf(topics, subscriptions, most) {
  return topics
    .map((topic) => {
      const templates = subscriptions.filter((one) => one.topic === topic.topic).map(subscriptionOf)
      const fewest = templates.filter((one) => one.button).sort((one, other) => one.credits - other.credits).slice(0, most)
      return { topic: topic.topic, title: topic.title, templates, fewest, names: fewest.map((one) => one.title).join('、') }
    })
    .filter((group) => group.templates.length)
}

/** An hour without its seconds. @param {string} time */
const hour = (time) => time.slice(0, 5)

/** How somebody wants to be told. @param {any} preferences @param {any} told TopicsView */
function wishesOf(preferences, told) {
  const { quiet_hours: mine, usual } = told
  const shown = mine || usual || { start: '22:00:00', end: '07:00:00' }
  return {
    topics: told.items.map((/** @type {any} */ one) => ({
      ...one,
      chosen: preferences.topics[one.topic] || null,
      options: one.ways.map((/** @type {any} */ way) => ({ value: way.how, text: way.text })),
    })),
    quiet: Boolean(mine),
    start: hour(shown.start),
    end: hour(shown.end),
    own: preferences.quiet_hours,
    usual: usual ? `${hour(usual.start)}—${hour(usual.end)}` : '',
    unusual: Boolean(preferences.quiet_hours && usual),
    calls: preferences.calls,
    sms: preferences.sms,
  }
}

module.exports = { groupsOf, planOf, proxyOf, wishesOf }
