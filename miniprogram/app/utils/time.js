// Moments as people say them, in the street's own time whatever the phone's zone is.

const SHANGHAI_MS = 8 * 3600 * 1000
const DAY_MS = 24 * 3600 * 1000
const WEEKDAYS = ['周日', '周一', '周二', '周三', '周四', '周五', '周六']
const NEAR = ['今天', '明天', '后天']

const two = (/** @type {number} */ number) => String(number).padStart(2, '0')

/** The street's wall clock as a Date whose UTC fields are what the clock shows. @param {string | number | Date} moment */
function local(moment) {
  return new Date(new Date(moment).getTime() + SHANGHAI_MS)
}

/** @param {string | number | Date} moment */
const dayNumber = (moment) => Math.floor(local(moment).getTime() / DAY_MS)

/** 9:30 @param {string | number | Date} moment */
function clock(moment) {
  const at = local(moment)
  return `${at.getUTCHours()}:${two(at.getUTCMinutes())}`
}

/** 2026-11-25 @param {string | number | Date} moment */
function date(moment) {
  return local(moment).toISOString().slice(0, 10)
}

/** 今天, 明天, 周三 within six days, otherwise 11 月 25 日. @param {string | number | Date} moment @param {number} [now] */
function day(moment, now = Date.now()) {
  const away = dayNumber(moment) - dayNumber(now)
  const at = local(moment)
  if (NEAR[away]) return NEAR[away]
  if (away === -1) return '昨天'
  return `${at.getUTCMonth() + 1} 月 ${at.getUTCDate()} 日`
}

/** 今天 9:30 @param {string | number | Date} moment @param {number} [now] */
const when = (moment, now) => `${day(moment, now)} ${clock(moment)}`

/** 周三 @param {string} isoDate */
const weekday = (isoDate) => WEEKDAYS[new Date(`${isoDate}T00:00:00Z`).getUTCDay()]

/** 早上好, by the street's clock. @param {number} [now] */
function greeting(now = Date.now()) {
  const hour = local(now).getUTCHours()
  if (hour < 5) return '夜深了'
  if (hour < 11) return '早上好'
  if (hour < 13) return '中午好'
  return hour < 18 ? '下午好' : '晚上好'
}

module.exports = { clock, date, day, greeting, weekday, when }
