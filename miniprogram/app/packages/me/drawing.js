// How plans and proxies are drawn. The words are the server's; here they get their colours.

/** @type {Record<string, string>} */
const TONES = { active: 'active', held: 'active', granted: 'active', paused: 'wait', invited: 'wait' }
const BOOKED = 'booked'
const PAUSED = 'paused'
const GRANTED = 'granted'

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

module.exports = { planOf, proxyOf }
