// How points are drawn; what they are, and what can be done with them, the server says.
const { yuan } = require('../../utils/money')
const { date, when } = require('../../utils/time')

const BILLS_SHOWN = 3
const HIGHEST = 100
/** Something that there was is seen, however little it was. */
const LOWEST = 3

/** +0.64, −12.00 @param {number} fen */
const signed = (fen) => (fen > 0 ? `+${yuan(fen)}` : fen < 0 ? `−${yuan(-fen)}` : yuan(0))

/** 昨天 9:30, and with its year when that is another. @param {string} moment */
function dated(moment) {
  const year = date(moment).slice(0, 4)
  return year === date(Date.now()).slice(0, 4) ? when(moment) : `${year} 年 ${when(moment)}`
}

/** A row of the account. @param {any} entry */
function entryOf(entry) {
  return {
    seq: entry.seq,
    payment_id: entry.payment_id,
    title: entry.kind_text,
    text: entry.text,
    amount: signed(entry.amount_fen),
    gain: entry.amount_fen > 0,
    when: dated(entry.at),
    balance: yuan(entry.balance_fen),
  }
}

/** A month in a list or a table. @param {any} one */
function monthOf(one) {
  const moved = [['得到', one.earned_fen], ['用掉', one.used_fen], ['到期', one.expired_fen]].filter(([, fen]) => fen).map(([name, fen]) => `${name} ${yuan(fen)} 分`)
  return {
    month: one.month,
    text: one.text,
    label: String(Number(one.month.slice(5))),
    running: one.running,
    said: moved.join('，') || '没有变动',
    left: `${one.running ? '现在' : '月底'}剩 ${yuan(one.closing_fen)} 分`,
  }
}

/** Bars for the months, the oldest first, as parts of the highest. @param {any[]} items the newest first */
function chartOf(items) {
  const shown = [...items].reverse()
  const most = Math.max(1, ...shown.flatMap((one) => [one.earned_fen, one.used_fen, one.expired_fen]))
  const high = (/** @type {number} */ fen) => (fen > 0 ? Math.max(LOWEST, Math.round((fen * HIGHEST) / most)) : 0)
  return shown.map((one) => ({ ...monthOf(one), bars: { earned: high(one.earned_fen), used: high(one.used_fen), expired: high(one.expired_fen) } }))
}

/** Open bills of one's own, with what the points do for each. @param {any[]} items @param {number} balance */
function payableOf(items, balance) {
  return items.filter((one) => !one.of_text).slice(0, BILLS_SHOWN).map((one) => ({
    id: one.id,
    title: one.payee.kind_text,
    text: [one.payee.name, one.period].join(' · '),
    amount: one.amount_text,
    covered: one.amount_fen <= balance,
    tone: one.amount_fen <= balance ? 'done' : 'wait',
    said: one.amount_fen <= balance ? '积分够缴' : `积分可抵 ${yuan(balance)} 元`,
  }))
}

/** What is known of an entry that is opened, as rows of the facts. @param {any} opened */
function factsOf({ entry, swipe }) {
  const bought = swipe && [
    { icon: 'clock', label: '消费时间', text: dated(swipe.at) },
    { icon: 'store', label: '在哪里', text: swipe.place },
    { icon: 'shopping-bag', label: '买的什么', text: swipe.category_text },
    { icon: 'wallet', label: '消费', text: `${yuan(Math.abs(swipe.amount_fen))} 元` },
    { icon: 'gift', label: '得了积分', text: `${yuan(swipe.points_fen)} 分` },
    { icon: 'key-round', label: '用的卡', text: swipe.card },
    { icon: 'repeat', label: '退过货', text: swipe.returned_fen ? `${yuan(swipe.returned_fen)} 元，收回 ${yuan(swipe.taken_back_fen)} 分` : '' },
  ]
  return [
    ...(bought || []),
    { icon: 'calendar', label: '记账时间', text: dated(entry.at) },
    { icon: 'list', label: '记账后', text: `余额 ${yuan(entry.balance_fen)} 分` },
  ].filter((one) => one.text)
}

/** Lines of a statement, opening and closing with them. @param {any} told */
function linesOf(told) {
  return [
    { name: '月初余额', count: '', text: yuan(told.opening_fen), ends: true },
    ...told.lines.map((/** @type {any} */ one) => ({ name: one.text, count: `${one.count} 笔`, text: signed(one.fen), ends: false })),
    { name: told.running ? '现在余额' : '月末余额', count: '', text: yuan(told.closing_fen), ends: true },
  ]
}

/** @param {any} told */
const billsOf = (told) => told.bills.map((/** @type {any} */ one) => ({
  id: one.payment_id,
  text: one.text,
  when: dated(one.at),
  amount: yuan(one.amount_fen),
  how: [one.points_fen ? `积分 ${yuan(one.points_fen)} 分` : '', one.pay_fen ? `微信支付 ${yuan(one.pay_fen)} 元` : ''].filter(Boolean).join('，'),
}))

/** Which bills points could pay. */
const PAYABLE = { state: 'open' }

module.exports = { PAYABLE, billsOf, chartOf, entryOf, factsOf, linesOf, monthOf, payableOf, signed }
