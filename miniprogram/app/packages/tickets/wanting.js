// What somebody wants of the agent, as it is filled in, and as the server is asked for it. Nothing here decides anything.
const { fenOf, yuan } = require('../../utils/money')
const { clock, date, day, weekday } = require('../../utils/time')
const { HOME } = require('./stations')

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
const MOST_ALTERNATIVES = 5
const MOST_PASSENGERS = 9

/** The pages of the form, one after the other. */
const PARTS = [
  { name: 'trip', text: '去哪里' },
  { name: 'people', text: '谁坐' },
  { name: 'terms', text: '要求' },
  { name: 'check', text: '核对' },
]

const seats = (/** @type {Record<string, string>} */ named) => Object.entries(named).map(([value, text]) => ({ value, text }))

/** @type {Record<string, { text: string, number: string, hint: string, seats: { value: string, text: string }[], slip: string }>} */
const MODES = {
  train: {
    text: '火车', number: '车次', hint: '例如 D6767', slip: '报销凭证',
    seats: seats({ second: '二等座', first: '一等座', business: '商务座', hard_seat: '硬座', hard_sleeper: '硬卧', soft_sleeper: '软卧', soft_seat: '软座', standing: '无座' }),
  },
  plane: { text: '飞机', number: '航班', hint: '例如 CA1146', slip: '行程单', seats: seats({ economy: '经济舱', premium: '超级经济舱', business: '公务舱', first: '头等舱' }) },
}

const PARTIES = [
  { value: 'all', text: '要走一起走', hint: '有一个人买不到，就都不买，钱全退' },
  { value: 'split', text: '能买几张买几张', hint: '买到的先出票，没买到的退钱' },
]

const DELIVERIES = [
  { value: 'none', text: '不用', hint: '拿身份证就能进站、登机' },
  { value: 'window', text: '到社区窗口拿', hint: '凭码领' },
  { value: 'post', text: '寄到家', hint: '寄到您填的地址' },
]

/** @param {string} mode @param {{ key: number }[]} before */
const choice = (mode, before = []) => ({ key: Math.max(0, ...before.map((one) => one.key)) + 1, number: '', seat_class: MODES[mode].seats[0].value, seat_text: MODES[mode].seats[0].text, depart: '' })

/** An empty form. */
function blank(mode = 'train') {
  return {
    mode, origin: HOME[mode], destination: '', day: '', alternatives: [choice(mode)], ceiling: '', by: '', party: 'all',
    passengers: /** @type {string[]} */ ([]), contact: { name: '', phone: '' }, delivery: 'none', address: '', note: '', ride: false,
  }
}

/** Until when it may be bought: moments that are still to come, and not after the day itself. @param {string} trip @param {number} now */
function deadlines(trip, now = Date.now()) {
  const midnight = Date.parse(`${date(now)}T00:00:00+08:00`)
  const start = trip ? Date.parse(`${trip}T00:00:00+08:00`) : midnight + 2 * DAY_MS
  const wanted = [now + 2 * HOUR_MS - (now % HOUR_MS), midnight + 20 * HOUR_MS, midnight + 36 * HOUR_MS, midnight + 44 * HOUR_MS, start - 4 * HOUR_MS]
  const once = [...new Set(wanted)].filter((at) => at > now + HOUR_MS && (at < start || at === wanted[0])).sort((one, other) => one - other)
  return once.map((at) => ({ value: new Date(at).toISOString(), text: `${day(at, now)} ${clock(at)} 前` }))
}

/** What has to be answered before one goes on, by the name of the answer. @param {string} part @param {any} form @param {number} now */
function lacking(part, form, now = Date.now()) {
  /** @type {Record<string, string>} */
  const found = {}
  if (part === 'trip') {
    if (!form.origin.trim()) found.origin = '请填从哪里出发'
    if (!form.destination.trim()) found.destination = '请填到哪里'
    else if (form.destination.trim() === form.origin.trim()) found.destination = '出发和到达是同一个地方'
    if (!form.day) found.day = '请选哪一天走'
    if (form.alternatives.some((/** @type {any} */ one) => !one.number.trim())) found.alternatives = `请填${MODES[form.mode].number}，不要的那一趟请删掉`
  }
  if (part === 'people') {
    if (!form.passengers.length) found.passengers = '请选谁坐'
    if (form.passengers.length > MOST_PASSENGERS) found.passengers = `一次最多 ${MOST_PASSENGERS} 个人，请分两次订`
  }
  if (part === 'terms') {
    if (!fenOf(form.ceiling)) found.ceiling = '请填每张票最多多少钱，例如 300'
    if (!form.by || Date.parse(form.by) <= now) found.by = '请选什么时候以前买到'
    if (form.delivery === 'post' && !form.address.trim()) found.address = '请填寄到哪里'
  }
  return found
}

/** As the server takes it. @param {any} form @param {{ pickup: any, dropoff: any } | null} way to the station */
function bodyOf(form, way) {
  const { name, phone } = form.contact
  return {
    mode: form.mode,
    origin: form.origin.trim(),
    destination: form.destination.trim(),
    day: form.day,
    alternatives: form.alternatives.map((/** @type {any} */ one) => ({ number: one.number.trim().toUpperCase(), seat_class: one.seat_class, ...(one.depart ? { depart_at: `${form.day}T${one.depart}:00+08:00` } : {}) })),
    ceiling_fen: fenOf(form.ceiling),
    buy_by: form.by,
    party: form.party,
    passenger_ids: form.passengers,
    ...(name || phone ? { contact: { name: name.trim(), phone: phone.trim() } } : {}),
    delivery: { how: form.delivery, ...(form.delivery === 'post' ? { address: form.address.trim() } : {}) },
    note: form.note.trim(),
    ...(form.ride && way ? { station_ride: way } : {}),
  }
}

/** To be read over before it is sent. @param {any} form @param {any[]} people */
function summaryOf(form, people) {
  const { text, number } = MODES[form.mode]
  const chosen = people.filter((one) => form.passengers.includes(one.id))
  return {
    trip: `${text} ${form.origin} 到 ${form.destination}`,
    day: form.day ? `${daySaid(form.day)} 走` : '',
    alternatives: form.alternatives.map((/** @type {any} */ one, /** @type {number} */ at) => `第 ${at + 1} 选：${number} ${one.number.toUpperCase()} ${one.seat_text}${one.depart ? `，${one.depart} 开` : ''}`),
    people: chosen.map((one) => `${one.name_masked} ${one.id_no_masked}`),
    ceiling: `每张最多 ${yuan(fenOf(form.ceiling) || 0)} 元，${form.passengers.length} 个人最多 ${yuan((fenOf(form.ceiling) || 0) * form.passengers.length)} 元`,
    by: form.by ? `${day(form.by)} ${clock(form.by)} 前买到，买不到就把钱退给您` : '',
    party: PARTIES.find((one) => one.value === form.party),
    delivery: [DELIVERIES.find((one) => one.value === form.delivery), form.delivery === 'post' ? form.address : ''].map((one) => (typeof one === 'object' ? /** @type {any} */ (one).text : one)).filter(Boolean).join('：'),
  }
}

/** 11 月 30 日 周一 @param {string} isoDate */
const daySaid = (isoDate) => `${Number(isoDate.slice(5, 7))} 月 ${Number(isoDate.slice(8, 10))} 日 ${weekday(isoDate)}`

/** On which page of the form an error of the server belongs, and at which answer. @param {any} error */
function placed(error) {
  const field = String(error.field || '')
  const [part, name] = PLACES.find(([, , start]) => field.startsWith(start)) || ['', '']
  return { part, errors: { ...(name ? { [name]: error.message } : {}), page: error.message } }
}

/** @type {[string, string, string][]} */
const PLACES = [
  ['trip', 'origin', 'origin'], ['trip', 'destination', 'destination'], ['trip', 'day', 'day'], ['trip', 'alternatives', 'alternatives'],
  ['people', 'passengers', 'passenger_ids'], ['people', 'party', 'party'], ['terms', 'ceiling', 'ceiling_fen'], ['terms', 'by', 'buy_by'],
  ['terms', 'address', 'delivery'], ['terms', 'contact', 'contact'], ['terms', 'note', 'note'],
]

module.exports = { DELIVERIES, MODES, MOST_ALTERNATIVES, MOST_PASSENGERS, PARTIES, PARTS, blank, bodyOf, choice, daySaid, deadlines, lacking, placed, summaryOf }
