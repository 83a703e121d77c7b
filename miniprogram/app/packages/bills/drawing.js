// How bills and payments are drawn; what they are, and what can be done with them, the server says.
const { fenOf, yuan } = require('../../utils/money')
const { when } = require('../../utils/time')

/** @type {Record<string, string>} */
const ICONS = {
  property: 'building-2', pension: 'users', medical: 'stethoscope', electricity: 'zap', telecom: 'phone', tv: 'tv', insurance: 'shield-check', ride: 'car',
  ticket: 'train-front',
}

/** The kinds of bills in the list: which of them are asked for, and what is said where there are none. */
const TABS = [
  { name: '待缴', wanted: ['paying', 'open'], empty: '现在没有要缴的账单', text: '知道户号，就能查一查有没有要缴的' },
  { name: '已缴', wanted: ['paid'], empty: '还没有缴过的账单', text: '缴好的账单和凭证都在这里' },
]

/** @type {Record<string, string>} */
const BILL_TONES = { open: 'wait', paying: 'active', paid: 'done' }

/** @param {any} kind */
const iconOf = (kind) => ICONS[kind] || 'wallet'

/** A bill as the list and the pay page show it. @param {any} bill */
function billOf(bill) {
  const whose = [bill.of_text, bill.label, !bill.label && bill.holder].filter(Boolean).join(' · ')
  return {
    id: bill.id,
    icon: iconOf(bill.payee.kind),
    title: bill.payee.kind_text,
    payee: bill.payee.name,
    whose,
    amount: yuan(bill.amount_fen),
    line: bill.case_no ? `办件编号 ${bill.case_no}` : [periodOf(bill.period), `户号 ${bill.account_no}`].join(' · '),
    ofCase: Boolean(bill.case_no),
    due: bill.auto_text || bill.due_text,
    late: bill.overdue,
    state_text: bill.overdue ? '已过期' : bill.state_text,
    tone: bill.overdue ? 'late' : BILL_TONES[bill.state] || '',
    paid: bill.state === 'paid',
    payable: bill.state === 'open',
    payment_id: bill.payment_id,
  }
}

/** 2026 年 11 月 @param {string} period */
function periodOf(period) {
  const [year, month] = period.split('-')
  return `${year} 年 ${Number(month)} 月`
}

/** A payment as the list of them shows it. @param {any} payment */
const paymentOf = (payment) => ({ ...payment, amount: yuan(payment.amount_fen), when: when(payment.at) })

/** Rows of what a payment was made of. @param {any} payment */
function partsOf(payment) {
  return [
    payment.points_fen ? { name: '积分', text: `${yuan(payment.points_fen)} 分，抵 ${yuan(payment.points_fen)} 元` } : null,
    payment.pay_fen ? { name: '微信支付', text: `${yuan(payment.pay_fen)} 元` } : null,
  ].filter(Boolean)
}

/** What is said while a payment is under way; that it was just paid, this phone knows before the server. @param {any} payment @param {{ paid: boolean, long: boolean }} known */
function progressOf(payment, { paid, long }) {
  const patience = long ? '可能要等一会儿，会一直去问，不会多收钱。您可以先离开，有结果了给您发消息。' : ''
  if (!payment.client_params) return { title: payment.state_text, text: patience || payment.next_text }
  if (paid) return { title: '已经付款', text: patience || '正在等微信确认，请稍候' }
  return { title: '还没有付款', text: payment.next_text }
}

module.exports = { TABS, billOf, fenOf, iconOf, partsOf, paymentOf, periodOf, progressOf }
