const bills = require('../../../../services/bills')
const me = require('../../../../services/me')
const points = require('../../../../services/points')
const proxies = require('../../../../services/proxies')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { yuan } = require('../../../../utils/money')
const { PAYABLE, chartOf, entryOf, monthOf, payableOf } = require('../../drawing')

const SCOPE = 'points_read'
const BILLS = 10
const NONE = { items: [], next: null }

/** What there is, what it can pay, how it came: my own, or of family who lets me look. */
Page({
  ...loads,
  data: {
    state: 'loading', error: '', people: /** @type {any[]} */ ([]), whose: '', view: /** @type {any} */ (null), balance: '', payable: /** @type {any[]} */ ([]),
    chart: /** @type {any[]} */ ([]), months: /** @type {any[]} */ ([]), table: false, entries: /** @type {any[]} */ ([]), next: null, more: false, lacks: false,
  },

  onLoad() {
    subscriptions.prepare().then(() => this.setData({ lacks: subscriptions.lacks('points') }))
  },

  /** Back from paying there may be less, back from the card page another card. */
  onShow() {
    this.load()
  },

  async load() {
    const { whose } = this.data
    if (this.data.state === 'error') this.setData({ state: 'loading' })
    try {
      const [view, months, first, open, people] = await Promise.all([
        points.get(whose), points.months({ whose }), points.entries({ whose }), whose ? NONE : payable(), this.family(),
      ])
      if (whose !== this.data.whose) return
      const nothing = !whose && !view.card && !first.items.length && !people.length
      this.setData({
        state: nothing ? 'empty' : 'ready',
        people,
        view,
        balance: yuan(view.balance_fen),
        payable: payableOf(open.items, view.balance_fen),
        chart: chartOf(months.items),
        months: months.items.map(monthOf),
        entries: first.items.map(entryOf),
        next: first.next,
      })
    } catch (error) {
      this.setData({ state: 'error', error: error.message, whose: error.code === 'proxy_ended' ? '' : whose })
    }
  },

  /** Whose points I may look at. The page opens without them, too. */
  async family() {
    return me.get().then((who) => proxies.people(who.id, SCOPE)).catch(() => [])
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  choose(event) {
    if (event.detail.value === this.data.whose) return
    this.setData({ whose: event.detail.value, state: 'loading', table: false })
    this.load()
  },

  async onReachBottom() {
    const { next, more, entries, whose } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await points.entries({ whose, cursor: next })
      if (whose === this.data.whose) this.setData({ entries: [...entries, ...page.items.map(entryOf)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  async remind() {
    await subscriptions.ask('points')
    this.setData({ lacks: subscriptions.lacks('points') })
  },

  asTable() {
    this.setData({ table: !this.data.table })
  },

  card() {
    wx.navigateTo({ url: '/packages/points/pages/card/index' })
  },

  statements() {
    wx.navigateTo({ url: `/packages/points/pages/statements/index?whose=${this.data.whose}` })
  },

  bills() {
    wx.navigateTo({ url: '/packages/bills/pages/list/index' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  pay(event) {
    wx.navigateTo({ url: `/packages/bills/pages/pay/index?id=${event.currentTarget.dataset.id}` })
  },

  /** What a payment used opens to its receipt, all else to its purchase. @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    const { seq, payment } = event.currentTarget.dataset
    const { whose } = this.data
    if (payment && !whose) wx.navigateTo({ url: `/packages/bills/pages/receipt/index?id=${payment}` })
    else wx.navigateTo({ url: `/packages/points/pages/entry/index?seq=${seq}&whose=${whose}` })
  },
})

/** What is open to be paid; the page opens without it, too. */
const payable = () => bills.list({ ...PAYABLE, limit: BILLS }).catch(() => NONE)
