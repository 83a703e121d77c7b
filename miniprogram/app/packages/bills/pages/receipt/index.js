const bills = require('../../../../services/bills')
const { loadsWhenShown } = require('../../../../utils/loading')
const { clock, date, when } = require('../../../../utils/time')
const { iconOf, partsOf, paymentOf, periodOf } = require('../../drawing')
const { yuan } = require('../../../../utils/money')

/** A payment: its receipt once it is paid, or how it ended, and which purchases its points came from. */
Page({
  ...loadsWhenShown,
  id: '',

  data: {
    state: 'loading', error: '', now: false, payment: /** @type {any} */ (null), facts: /** @type {any[]} */ ([]), refunds: /** @type {any[]} */ ([]),
    sources: /** @type {any[]} */ ([]), next: null, more: false, trouble: '', drawing: false,
  },

  /** @param {{ id: string, now?: string }} query `now`: it was paid just now */
  onLoad(query) {
    this.id = query.id
    this.setData({ now: Boolean(query.now) })
  },

  async fetch() {
    const payment = await bills.payment(this.id)
    const bill = await bills.get(payment.bill_id).catch(() => null)
    this.setData({ state: 'ready', payment: paymentOf(payment), facts: factsOf(payment, bill), refunds: (payment.refunds || []).map(refundOf) })
    if (payment.paid && payment.points_fen && bill && !bill.of_text) await this.trace(null)
  },

  /** The purchases, the oldest first. @param {string | null} cursor */
  async trace(cursor) {
    this.setData({ more: true, trouble: '' })
    try {
      const page = await bills.sources(this.id, cursor)
      this.setData({ sources: [...(cursor ? this.data.sources : []), ...page.items.map(sourceOf)], next: page.next })
    } catch (error) {
      this.setData({ trouble: error.message })
    } finally {
      this.setData({ more: false })
    }
  },

  further() {
    if (!this.data.more) this.trace(this.data.next)
  },

  /** Opened in the phone's own viewer, from where it can be sent on. */
  async paper() {
    if (this.data.drawing) return
    this.setData({ drawing: true, trouble: '' })
    try {
      await bills.receipt(this.id)
    } catch (error) {
      this.setData({ trouble: error.message })
    } finally {
      this.setData({ drawing: false })
    }
  },

  goOn() {
    wx.redirectTo({ url: `/packages/bills/pages/pay/index?id=${this.data.payment.bill_id}` })
  },

  list() {
    wx.redirectTo({ url: '/packages/bills/pages/list/index' })
  },
})

/** @param {any} payment @param {any} bill null where it is not mine any more */
function factsOf(payment, bill) {
  const about = bill ? [
    { icon: iconOf(bill.payee.kind), label: '缴给', text: bill.payee.name },
    { icon: 'file-check', label: '项目', text: `${bill.payee.kind_text} ${periodOf(bill.period)}` },
    { icon: 'user', label: '户号', text: [bill.account_no, bill.label || bill.holder].filter(Boolean).join(' · ') },
  ] : [{ icon: 'file-check', label: '项目', text: payment.title }]
  return [
    ...about,
    ...partsOf(payment).map((/** @type {any} */ one) => ({ icon: 'wallet', label: one.name, text: one.text })),
    { icon: 'clock', label: payment.paid ? '缴清时间' : '时间', text: when(payment.paid ? payment.settled_at : payment.at) },
    { icon: 'list', label: '缴费单号', text: payment.id },
    payment.by_text ? { icon: 'users', label: '经办', text: payment.by_text } : null,
  ].filter(Boolean)
}

/** With the year: points last for two. @param {any} source */
const sourceOf = (source) => ({ key: source.key, text: source.text, when: `${date(source.at)} ${clock(source.at)}`, points: yuan(source.points_fen) })

/** @param {any} refund */
function refundOf(refund) {
  const parts = [refund.points_fen && `积分 ${yuan(refund.points_fen)} 分`, refund.pay_fen && `微信 ${yuan(refund.pay_fen)} 元`].filter(Boolean)
  return { id: refund.id, state_text: refund.state_text, text: parts.join('，'), when: when(refund.at) }
}
