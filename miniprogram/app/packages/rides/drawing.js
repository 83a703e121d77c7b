// How a ride is drawn: words, rows, what lies on the map. What it is, and what can be done with it, the server says.
const { yuan } = require('../../utils/money')
const { clock, when } = require('../../utils/time')

/** @type {Record<string, string>} */
const ICONS = { station: 'train-front', airport: 'plane', hospital: 'cross', office: 'building-2', school: 'graduation-cap', market: 'shopping-bag', park: 'leaf' }
const PIN = 36
const CAR_SIDE = 40
const IMAGES = '/packages/rides/images'
const PHONE = /\d{3,4}-?\d{7,8}|1\d{10}/
const OWED = 'fare_owed'
const FAR_M = 1000
const JUST_S = 20

/** @param {string} kind */
const iconOf = (kind) => ICONS[kind] || 'map-pin'

/** How soon somebody could come; that nobody is near is said by the estimate's own note. @param {any} estimate @param {boolean} later */
function waitOf({ minutes, metres, wait_minutes: wait }, later) {
  const way = `${far(metres)}，约 ${minutes} 分钟`
  return later || wait === null ? way : `约 ${wait} 分钟有车 · ${way}`
}

/** 800 米, 2.3 公里 @param {number} metres */
const far = (metres) => (metres < FAR_M ? `${metres} 米` : `${(metres / FAR_M).toFixed(1)} 公里`)

/** What can be done about an error: a number to call that it names, a fare to pay first. @param {any} error */
function helpOf(error) {
  const found = PHONE.exec(error.message || '')
  return { phone: found ? found[0] : '', pay: error.code === OWED }
}

/** @param {any} item */
function rowsOf({ details }) {
  const needs = [details.wheelchair && '能放轮椅的车', details.helper && '搀扶上下车'].filter(Boolean).join('、')
  const rows = [
    row('map-pin', '上车', details.pickup.text),
    row('flag', '下车', details.dropoff.text),
    row('calendar', '时间', details.when),
    row('users', '乘客', `${details.people} 位`),
    row('accessibility', '需要', needs),
    row('user', '联系人', [details.contact_name, details.contact_phone].filter(Boolean).join(' ')),
    row('wallet', '付款', details.pay_text),
    row('train-front', '随车票', details.held_for || ''),
    row('message-circle', '留言', details.note),
    row('triangle-alert', '没等到您', details.no_show_note),
  ]
  return rows.filter((one) => one.text)
}

/** @param {string} icon @param {string} label @param {string} text */
const row = (icon, label, text) => ({ icon, label, text })

/** What was to be paid, line by line; null before it is known. @param {any} item */
function fareOf({ details }) {
  const { fare, fee_fen: fee } = details
  if (!fare) return fee ? { lines: [], total: `${yuan(fee)} 元`, text: details.cancel_text } : null
  return {
    lines: fare.lines.map((/** @type {any} */ one) => ({ name: one.name, text: one.text, amount: `${yuan(one.amount_fen)} 元` })),
    total: fare.total_text || `${yuan(fare.total_fen)} 元`,
    text: `走了 ${far(fare.metres)}，按第 ${fare.tariff_version} 版价格表算`,
  }
}

/** How the fare is settled: to pay now, in cash, or done. @param {any} item */
function dueOf({ details }) {
  const { bill_id: bill, paid, owed_fen: owed, cash } = details
  if (paid) return { pay: '', text: cash ? '已付现金' : '车费已付清' }
  if (bill) return { pay: owed ? `微信支付 ${yuan(owed)} 元` : '去付车费', text: '' }
  return { pay: '', text: details.pay_text }
}

/** Who comes, with what. @param {any} item */
function driverOf({ details }) {
  const { driver } = details
  return driver && { ...driver, car: [driver.colour, driver.model].filter(Boolean).join(' '), stars: driver.rating === null ? '' : driver.rating.toFixed(1), callable: !driver.phone.includes('*') }
}

/** How long is left until a moment, as 4:32; empty once it is over. @param {string | null} until @param {number} [now] */
function leftOf(until, now = Date.now()) {
  const seconds = until ? Math.ceil((Date.parse(until) - now) / 1000) : 0
  return seconds > 0 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}` : ''
}

/** How long waiting costs nothing, while the driver waits. @param {any} details @param {number} [now] */
function waitingOf({ arrived_at: arrived, boarded_at: boarded, ended_at: ended, wait_free_until: until }, now) {
  if (!arrived || boarded || ended) return null
  const left = leftOf(until, now)
  return { left, text: left ? `免费等到 ${clock(until)}` : `${clock(until || arrived)} 起按分钟收等候费` }
}

/**
 * What lies on the map, and which points have to be seen, where there is more than one: the car and where it is going to. Those
 * stay as they are in `drawn` while the way is the same, so that the map does not jump with each step of the car.
 * @param {any} details @param {any} position @param {any} [drawn] the map as it was before
 */
function mapOf({ pickup, dropoff, boarded_at: boarded }, position, drawn) {
  const points = [pickup.spot && at(pickup.spot), dropoff.spot && at(dropoff.spot)]
  const markers = [
    pickup.spot && !boarded && { id: 1, ...at(pickup.spot), iconPath: `${IMAGES}/from.png`, width: PIN, height: PIN, ariaLabel: '上车的地方' },
    dropoff.spot && { id: 2, ...at(dropoff.spot), iconPath: `${IMAGES}/to.png`, width: PIN, height: PIN, ariaLabel: '要去的地方' },
    position && position.spot && { id: 3, ...at(position.spot), iconPath: `${IMAGES}/car.png`, width: CAR_SIDE, height: CAR_SIDE, anchor: { x: 0.5, y: 0.5 }, zIndex: 9, ariaLabel: '车' },
  ].filter(Boolean)
  const way = [Boolean(boarded), Boolean(position && position.spot)].join()
  if (drawn && drawn.way === way) return { ...drawn, markers }
  const next = boarded ? points[1] : points[0]
  const seen = position && position.spot ? [at(position.spot), next] : points
  const shown = seen.filter(Boolean)
  return { way, markers, points: shown.length > 1 ? shown : [], middle: shown[0] || { latitude: 0, longitude: 0 } }
}

/** @param {{ lng: number, lat: number }} spot */
const at = ({ lng, lat }) => ({ longitude: lng, latitude: lat })

/** Where the car is, and how old that is. @param {any} position @param {number} [now] */
function whereOf({ text, at: heard, late }, now = Date.now()) {
  const age = heard ? Math.max(0, Math.round((now - Date.parse(heard)) / 1000)) : 0
  if (!heard) return { text, age: '还没有收到车的位置' }
  return { text, age: late ? `位置是${when(heard)} 的，司机那边可能没有信号` : age < JUST_S ? '位置是刚刚的' : `位置是 ${age} 秒前的` }
}

module.exports = { driverOf, dueOf, fareOf, helpOf, iconOf, leftOf, mapOf, rowsOf, waitOf, waitingOf, whereOf }
