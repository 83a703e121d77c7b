const cases = require('../../../../services/cases')
const complaints = require('../../../../services/complaints')
const ratings = require('../../../../services/ratings')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { askedOf, buttonsOf, changeOf, left, quoteOf, refundOf, rowsOf, slipOf, ticketOf } = require('../../drawing')

const LOOK_AGAIN_MS = 15000
const SECOND_MS = 1000
const MOMENTS = ['progress', 'pay']

/** One order: where it stands, what it costs, the tickets. What can be done, the server says. */
Page({
  ...loads,
  caseNo: '',
  timer: 0,
  ticking: 0,

  data: {
    state: 'loading', error: '', item: /** @type {any} */ (null), quote: /** @type {any} */ (null), refund: /** @type {any} */ (null), change: /** @type {any} */ (null), left: '',
    tickets: /** @type {any[]} */ ([]), main: /** @type {any[]} */ ([]), apart: /** @type {any[]} */ ([]), rows: /** @type {any[]} */ ([]), slip: /** @type {any} */ (null), steps: /** @type {any[]} */ ([]), bill: '',
    rating: /** @type {any} */ ({}), complaint: /** @type {any} */ ({}), busy: false, story: false,
  },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    subscriptions.prepare()
  },

  onShow() {
    this.load()
    this.timer = setInterval(() => this.refresh(), LOOK_AGAIN_MS)
    this.ticking = setInterval(() => this.tick(), SECOND_MS)
  },

  onHide() {
    clearInterval(this.timer)
    clearInterval(this.ticking)
  },

  onUnload() {
    this.onHide()
  },

  async fetch() {
    await this.draw(await cases.get(this.caseNo))
  },

  /** Quietly, while the page lies open: only what has moved is drawn again. */
  async refresh() {
    const item = await cases.get(this.caseNo).catch(() => null)
    if (item && this.data.item && item.version !== this.data.item.version) await this.draw(item)
  },

  /** @param {any} item */
  async draw(item) {
    const [history, rating, complaint] = await Promise.all([
      cases.history(item.case_no),
      ratings.sheet(item.case_no).catch(() => ({})),
      complaints.sheet(item.case_no).catch(() => ({})),
    ])
    const { details } = item
    this.setData({
      state: 'ready',
      item,
      quote: quoteOf(details),
      refund: refundOf(details),
      change: changeOf(details),
      tickets: details.passengers.map((/** @type {any} */ one) => ticketOf(one, details)),
      ...buttonsOf(item),
      bill: details.bill_id || (details.change && details.change.bill_id) || '',
      rows: rowsOf(item),
      slip: slipOf(details),
      steps: history.items,
      rating,
      complaint,
    })
    this.tick()
    wx.setNavigationBarTitle({ title: details.route_text || item.title })
  },

  /** How long what is offered holds; once it is over, the server says what then. */
  tick() {
    const offered = this.data.quote || this.data.refund || this.data.change
    if (!offered) return
    const now = left(offered.until, Date.now())
    if (now !== this.data.left) this.setData({ left: now })
  },

  pay() {
    wx.navigateTo({ url: `/packages/bills/pages/pay/index?id=${this.data.bill}` })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async act(event) {
    const { name } = event.currentTarget.dataset
    const action = this.data.item.actions.find((/** @type {any} */ one) => one.name === name)
    await subscriptions.ask(...MOMENTS)
    const { read, some, typed, money } = askedOf(action, this.data.item.details)
    if (some || money.length) return wx.navigateTo({ url: `/packages/tickets/pages/choose/index?case_no=${this.caseNo}&action=${name}` })
    if (typed.length) return wx.navigateTo({ url: `/packages/cases/pages/act/index?case_no=${this.caseNo}&action=${name}` })
    const hint = action.fields.map((/** @type {any} */ field) => field.hint).filter(Boolean).join('\n')
    const { confirm } = await wx.showModal({ title: `${action.text}？`, content: hint || this.data.item.title, confirmText: '是的', cancelText: '再想想' })
    if (confirm) await this.move(name, read)
  },

  /** @param {string} name @param {Record<string, any>} read */
  async move(name, read) {
    const before = this.data.bill
    this.setData({ busy: true })
    try {
      await this.draw(await cases.move(this.caseNo, name, { version: this.data.item.version, ...read }))
      if (this.data.bill && this.data.bill !== before) this.pay()
      else wx.showToast({ title: '已办好', icon: 'success' })
    } catch (error) {
      await wx.showModal({ title: '没有办成', content: error.message, showCancel: false })
      if (!error.offline) await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  unfold() {
    this.setData({ story: !this.data.story })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  copy(event) {
    wx.setClipboardData({ data: event.currentTarget.dataset.text, fail: () => {} })
  },

  talk() {
    wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${this.caseNo}&whole=1` })
  },

  rate() {
    wx.navigateTo({ url: `/packages/cases/pages/rate/index?case_no=${this.caseNo}` })
  },

  complain() {
    wx.navigateTo({ url: `/packages/cases/pages/complain/index?case_no=${this.caseNo}` })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  openCase(event) {
    wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${event.currentTarget.dataset.no}` })
  },
})
