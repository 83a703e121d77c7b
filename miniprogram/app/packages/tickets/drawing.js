// How an order of tickets is drawn; what it is, and what can be done with it, the server says.
const { yuan } = require('../../utils/money')
const { clock, date, day, weekday, when } = require('../../utils/time')

/** @type {Record<string, string>} */
const TICKET_TONES = { ticketed: 'done', failed: 'late', changing: 'wait', refunding: 'wait' }

/** What the server wants to hear again of what was read, by the name of the field. @type {Record<string, (details: any) => number | undefined>} */
const READ = {
  quote_version: ({ quote }) => quote && quote.version,
  refund_version: ({ refund }) => refund && refund.version,
  change_version: ({ change }) => change && change.version,
}

/** By which field a move asks for some of the passengers. */
const SOME = ['passenger_ids', 'passengers']

/** Of a quote, a refund or a change: that it waits for the resident's word. */
const OFFERED = { quote: 'offered', refund: 'quoted', change: 'offered' }

/** 11 月 30 日 周一 9:05, and what is near by its name. @param {string} moment */
function starts(moment) {
  const near = day(moment)
  const named = near.includes('月') ? `${near} ${weekday(date(moment))}` : near
  return `${named} ${clock(moment)}`
}

/** What is left of it; empty when nothing is. @param {string | null} moment @param {number} now */
function left(moment, now) {
  const seconds = moment ? Math.floor((Date.parse(moment) - now) / 1000) : 0
  if (seconds <= 0) return ''
  const minutes = Math.floor(seconds / 60)
  return minutes >= 60 ? `还剩 ${Math.floor(minutes / 60)} 小时 ${minutes % 60} 分` : `还剩 ${minutes} 分 ${seconds % 60} 秒`
}

/** What the ticket costs, while it is to be agreed to. @param {any} details */
function quoteOf({ quote }) {
  if (!quote || quote.state !== OFFERED.quote) return null
  return {
    until: quote.expires_at,
    number: quote.number,
    seat: quote.seat_text,
    starts: starts(quote.depart_at),
    arrives: quote.arrive_at ? `${clock(quote.arrive_at)} 到` : '',
    lines: quote.lines.map((/** @type {any} */ one, /** @type {number} */ at) => ({ key: `${at}`, name: one.name, amount: one.amount_text })),
    total: yuan(quote.total_fen),
    note: quote.note,
  }
}

/** What giving tickets back comes to, while it waits for a word. @param {any} details */
function refundOf({ refund }) {
  if (!refund || refund.state !== OFFERED.refund) return null
  return {
    until: refund.expires_at,
    lines: refund.lines.map((/** @type {any} */ one) => ({ id: one.passenger_id, name: one.name_masked, face: yuan(one.face_fen), fee: yuan(one.fee_fen), back: yuan(one.back_fen), text: one.text })),
    back: yuan(refund.back_fen),
  }
}

/** The other train that was found, while it waits for a word. @param {any} details */
function changeOf({ change }) {
  if (!change || change.state !== OFFERED.change) return null
  return {
    until: change.expires_at,
    number: change.number,
    seat: change.seat_text,
    starts: change.depart_at ? starts(change.depart_at) : change.when,
    lines: change.lines.map((/** @type {any} */ one) => ({ id: one.passenger_id, name: one.name_masked, old: yuan(one.old_fen), new: yuan(one.new_fen), fee: yuan(one.fee_fen), text: one.text })),
    pay: change.pay_text,
  }
}

/** A passenger and what they have. @param {any} one @param {any} details */
function ticketOf(one, { mode, record_no: whole }) {
  const carriage = /^\d+$/.test(one.carriage) ? `${Number(one.carriage)} 车厢` : one.carriage
  const record = one.record_no || whole
  return {
    id: one.id,
    name: one.name_masked,
    paper: one.id_no_masked,
    state: one.state_text,
    tone: TICKET_TONES[one.state] || 'grey',
    number: one.number,
    starts: one.depart_at ? starts(one.depart_at) : '',
    place: [carriage, one.seat, one.seat_text].filter(Boolean).join(' '),
    record: one.number && record ? `${mode === 'plane' ? '订单号' : '取票号'} ${record}` : '',
    ticket: one.ticket_no ? `票号 ${one.ticket_no}` : '',
    price: one.price_fen ? `票价 ${yuan(one.price_fen)} 元${one.service_fee_fen ? `，代购费 ${yuan(one.service_fee_fen)} 元` : ''}` : '',
    reason: one.reason,
    back: one.refund ? `退 ${yuan(one.refund.back_fen)} 元，${one.refund.text}` : '',
  }
}

/** What was ordered, row by row. @param {any} item */
function rowsOf({ details }) {
  const rows = [
    row(details.mode === 'plane' ? 'plane' : 'train-front', '行程', `${details.origin} 到 ${details.destination}`),
    row('calendar', '哪天走', dayOf(details.day)),
    row('list', '想坐的', details.alternatives.map((/** @type {any} */ one) => `${one.rank}. ${one.text}`).join('\n')),
    row('wallet', '最高价', `每张 ${yuan(details.ceiling_fen)} 元`),
    row('clock', '最晚买到', `${when(details.buy_by)}`),
    row('users', '买不齐时', details.passengers.length > 1 ? details.party_text : ''),
    row('mail', '纸质凭证', [details.delivery.how_text, details.delivery.address].filter(Boolean).join('，')),
    row('user', '联系人', [details.contact_name, details.contact_phone].filter(Boolean).join(' ')),
    row('message-circle', '您的留言', details.note),
    row('wallet', '已付', details.paid_fen ? `${yuan(details.paid_fen)} 元${details.paid_in_cash ? '（现金）' : ''}` : ''),
    row('repeat', '已退', details.back_fen ? `${yuan(details.back_fen)} 元` : ''),
  ]
  return rows.filter((one) => one.text)
}

/** @param {string} icon @param {string} label @param {string} text */
const row = (icon, label, text) => ({ icon, label, text, phone: null })

/** @param {string} iso */
const dayOf = (iso) => `${Number(iso.slice(5, 7))} 月 ${Number(iso.slice(8, 10))} 日 ${weekday(iso.slice(0, 10))}`

/** Where the paper slip is. @param {any} details */
function slipOf({ delivery }) {
  if (delivery.how === 'none' || !delivery.state_text) return null
  return { text: delivery.state_text, code: delivery.code, post: [delivery.carrier, delivery.tracking_no].filter(Boolean).join(' ') }
}

/** The buttons: the main ones and those that stand apart. Giving back what one has does not suggest itself. @param {any} item */
function buttonsOf({ actions }) {
  const some = (/** @type {any} */ one) => one.fields.some((/** @type {any} */ field) => SOME.includes(field.name))
  return { main: actions.filter((/** @type {any} */ one) => !one.danger).map((/** @type {any} */ one) => ({ ...one, main: one.main && !some(one) })), apart: actions.filter((/** @type {any} */ one) => one.danger) }
}

/** What a move asks for: what was read, some of the passengers, and what has to be filled in. @param {any} action @param {any} details */
function askedOf(action, details) {
  const read = action.fields.filter((/** @type {any} */ one) => one.name in READ).map((/** @type {any} */ one) => [one.name, READ[one.name](details)])
  const some = action.fields.find((/** @type {any} */ one) => SOME.includes(one.name))
  const typed = action.fields.filter((/** @type {any} */ one) => one !== some && one.type !== 'hidden' && !(one.name in READ))
  return { read: Object.fromEntries(read), some: some ? some.name : '', typed, money: typed.filter((/** @type {any} */ one) => one.name.endsWith('_fen')).map((/** @type {any} */ one) => one.name) }
}

module.exports = { askedOf, buttonsOf, changeOf, left, quoteOf, refundOf, rowsOf, slipOf, starts, ticketOf }
