const bills = require('../../../../services/bills')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { yuan } = require('../../../../utils/money')
const { billOf, fenOf, progressOf } = require('../../drawing')

const LOOK_MS = 1500
const SELDOM_MS = 5000
/** After so many looks it takes long: that is said, and it is looked for less often. */
const LONG = 12
const WHOLE_POINT = 100

/** One bill: how much of it by points, the rest by WeChat; then how the payment goes on, until it is over. */
Page({
  ...loads,
  id: '',
  looks: 0,
  timer: 0,
  shown: true,

  data: {
    state: 'loading', error: '', bill: /** @type {any} */ (null), usable: 0, usableText: '', ways: /** @type {any[]} */ ([]), way: '', fen: 0, typed: '', wrong: '',
    pointsText: '', restText: '', act: '', busy: false, problem: '',
    payment: /** @type {any} */ (null), progress: /** @type {any} */ (null), paid: false, last: /** @type {any} */ (null),
  },

  /** @param {{ id: string }} query */
  onLoad(query) {
    this.id = query.id
    subscriptions.prepare()
  },

  onShow() {
    this.shown = true
    this.load()
  },

  onHide() {
    this.shown = false
    clearTimeout(this.timer)
  },

  onUnload() {
    this.onHide()
  },

  async fetch() {
    const bill = await bills.get(this.id)
    this.setData({ state: 'ready', bill: { ...billOf(bill), fen: bill.amount_fen, payee_id: bill.payee.id, account: bill.account_no, label: bill.label, of: bill.of, online: bill.payee.online } })
    if (bill.payment_id) return this.follow(await bills.payment(bill.payment_id))
    this.setData({ payment: null })
    this.offer(bill.points_usable_fen || 0)
  },

  // How much of it by points.

  /** What was chosen before stays, as far as it still can. @param {number} usable in fen */
  offer(usable) {
    const { bill, way, fen } = this.data
    const all = { value: 'all', text: usable < bill.fen ? `用 ${yuan(usable)} 分` : '全用积分' }
    const ways = usable ? [all, { value: 'none', text: '不用积分' }, { value: 'some', text: '自己定' }] : []
    this.setData({ usable, usableText: yuan(usable), ways })
    this.divide(usable && way !== 'none' ? (way === 'some' ? Math.min(fen, usable) : usable) : 0, usable ? way || 'all' : 'none')
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  choose(event) {
    const way = event.detail.value
    this.divide({ all: this.data.usable, none: 0, some: this.data.fen }[way], way)
  },

  /** Whole points, or all that there are. @param {WechatMiniprogram.SliderChange} event */
  slide(event) {
    const { value } = event.detail
    this.divide(value === this.data.usable ? value : value - (value % WHOLE_POINT), 'some')
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    const typed = event.detail.value
    const fen = typed.trim() ? fenOf(typed) : 0
    const wrong = fen === null ? '请填数字，例如 30 或 30.50' : fen > this.data.usable ? `最多能用 ${this.data.usableText} 分` : ''
    if (wrong) this.setData({ wrong, typed })
    else this.divide(fen, 'some', typed)
  },

  /** @param {number} fen by points @param {string} way @param {string} [typed] as it stands in the box */
  divide(fen, way, typed = fen ? yuan(fen) : '') {
    const rest = this.data.bill.fen - fen
    this.setData({
      fen, way, typed, wrong: '', problem: '', pointsText: yuan(fen), restText: yuan(rest),
      act: rest ? `微信支付 ${yuan(rest)} 元` : `用 ${yuan(fen)} 分缴清`,
    })
  },

  async pay() {
    if (this.data.busy || this.data.wrong) return
    this.setData({ busy: true, problem: '', last: null })
    await subscriptions.ask('pay')
    try {
      const { id } = await bills.pay(this.id, this.data.fen)
      const payment = await bills.payment(id)
      this.follow(payment)
      await this.askWeChat(payment)
    } catch (error) {
      if (error.status === 409) await this.load()
      this.setData(error.field === 'points_fen' ? { wrong: error.message } : { problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  // How it goes on.

  /** WeChat's sheet, where something is left to be paid there. @param {any} payment */
  async askWeChat(payment) {
    if (!payment.client_params) return
    clearTimeout(this.timer)
    const answer = await bills.askWeChat(payment.client_params)
    if (answer === 'unopened') this.setData({ problem: '微信支付没有打开，请再试一次' })
    if (answer === 'paid') this.setData({ paid: true })
    this.looks = 0
    await this.look()
  },

  async goOn() {
    if (this.data.busy) return
    this.setData({ busy: true, problem: '' })
    try {
      await this.askWeChat(await bills.payment(this.data.payment.id))
    } catch (error) {
      this.setData({ problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  async cancel() {
    if (this.data.busy) return
    this.setData({ busy: true, problem: '' })
    try {
      this.looks = 0
      this.follow(await bills.cancel(this.data.payment.id))
    } catch (error) {
      this.setData({ problem: error.message })
      await this.look()
    } finally {
      this.setData({ busy: false })
    }
  },

  /** Until it is over; then what was paid has a receipt, and what was not can be paid anew. @param {any} payment */
  follow(payment) {
    clearTimeout(this.timer)
    if (payment.open) {
      const long = this.looks >= LONG
      const progress = progressOf(payment, { paid: this.data.paid, long })
      this.setData({ payment, progress })
      if (this.shown) this.timer = setTimeout(() => this.look(), long ? SELDOM_MS : LOOK_MS)
      return
    }
    if (payment.paid) {
      wx.redirectTo({ url: `/packages/bills/pages/receipt/index?id=${payment.id}&now=1` })
      return
    }
    this.setData({ payment: null, paid: false, last: payment })
    this.load()
  },

  /** Without a network the next look finds out. */
  async look() {
    this.looks += 1
    const { payment } = this.data
    this.follow(await bills.payment(payment.id).catch(() => payment))
  },

  /** The payee may have another amount by now. */
  async again() {
    const { bill } = this.data
    this.setData({ busy: true, problem: '' })
    try {
      await bills.lookUp({ payee_id: bill.payee_id, account_no: bill.account, label: bill.label, ...(bill.of ? { resident_id: bill.of } : {}) })
      this.setData({ last: null })
      await this.load()
    } catch (error) {
      this.setData({ problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  leave() {
    wx.navigateBack({ fail: () => wx.redirectTo({ url: '/packages/bills/pages/list/index' }) })
  },
})
