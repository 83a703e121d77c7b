const accounts = require('../../../../services/bill_accounts')
const autoPay = require('../../../../services/auto_pay')
const subscriptions = require('../../../../services/subscriptions')
const { loadsWhenShown } = require('../../../../utils/loading')
const { accountOf, choicesOf } = require('../../saving')

/** @type {Record<string, { title: string, content: string, confirmText: string }>} */
const QUESTIONS = {
  pause: { title: '先暂停？', content: '马上生效。恢复以后，每张账单缴之前还会提前告诉您', confirmText: '暂停' },
  stop: { title: '停止自动缴费？', content: '马上生效。以后的账单要自己缴，想要时可以再开通', confirmText: '停止' },
}

/** Paying by itself: the text to agree to, or what was agreed to, with each bill and a button that stops it. */
Page({
  ...loadsWhenShown,
  id: '',

  data: {
    state: 'loading', error: '', account: /** @type {any} */ (null), auto: /** @type {any} */ (null), text: /** @type {any} */ (null),
    bills: /** @type {any[]} */ ([]), months: /** @type {any[]} */ ([]), bill: '', month: '', agreed: false, changing: false, busy: false, problem: '',
  },

  /** @param {{ id: string }} query */
  onLoad(query) {
    this.id = query.id
    subscriptions.prepare()
  },

  async fetch() {
    const [account, auto, text] = await Promise.all([accounts.get(this.id), autoPay.get(this.id), autoPay.agreement()])
    const bills = choicesOf(text.bill_limits)
    const months = choicesOf(text.month_limits)
    this.setData({ state: 'ready', account: accountOf(account), auto, text, bills, months, bill: this.data.bill || bills[0].value, month: this.data.month || months[0].value })
  },

  // Agreeing.

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  ofBill(event) {
    this.setData({ bill: event.detail.value })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  ofMonth(event) {
    this.setData({ month: event.detail.value })
  },

  toggle() {
    this.setData({ agreed: !this.data.agreed, problem: '' })
  },

  /** Other limits are agreed to as the first ones were. */
  changeLimits() {
    const { auto } = this.data
    this.setData({ changing: true, agreed: false, bill: String(auto.most_bill_fen), month: String(auto.most_month_fen) })
  },

  async agree() {
    const { text, bill, month, agreed, busy } = this.data
    if (busy) return
    if (!agreed) return this.setData({ problem: '请先看上面的几条，再勾选同意' })
    this.setData({ busy: true, problem: '' })
    await subscriptions.ask('autopay')
    try {
      const auto = await autoPay.agree({ account_id: this.id, version: text.version, agreed, most_bill_fen: Number(bill), most_month_fen: Number(month) })
      this.setData({ auto, changing: false, agreed: false })
      wx.pageScrollTo({ scrollTop: 0 })
    } catch (error) {
      this.setData({ problem: error.message })
      if (error.code === 'agreement_changed') await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  // What was agreed to.

  /** @param {WechatMiniprogram.TouchEvent} event */
  async act(event) {
    const { name } = event.currentTarget.dataset
    const question = QUESTIONS[name]
    if (question && !(await wx.showModal({ ...question, cancelText: '再想想' })).confirm) return
    await this.do(() => autoPay.change(this.id, name))
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async skip(event) {
    const { id } = event.currentTarget.dataset
    await this.do(() => autoPay.skip(id))
  },

  /** @param {() => Promise<any>} how */
  async do(how) {
    if (this.data.busy) return
    this.setData({ busy: true, problem: '' })
    try {
      this.setData({ auto: await how() })
    } catch (error) {
      this.setData({ problem: error.message })
      await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    const { id, payment } = event.currentTarget.dataset
    wx.navigateTo({ url: payment ? `/packages/bills/pages/receipt/index?id=${payment}` : `/packages/bills/pages/pay/index?id=${id}` })
  },
})
