const bills = require('../../../../services/bills')
const { loadsWhenShown } = require('../../../../utils/loading')
const { TABS, billOf } = require('../../drawing')

/** Back from paying, what was open may be paid. */
Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', tabs: TABS, tab: TABS[0], items: /** @type {any[]} */ ([]), next: null, more: false },

  /** What is being paid stands first; it is never more than a page. */
  async fetch() {
    const { tab } = this.data
    const pages = await Promise.all(tab.wanted.map((state) => bills.list({ state })))
    if (tab !== this.data.tab) return
    const items = pages.flatMap((page) => page.items).map(billOf)
    this.setData({ items, next: pages[pages.length - 1].next, state: items.length ? 'ready' : 'empty' })
  },

  async onReachBottom() {
    const { next, more, items, tab } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await bills.list({ state: tab.wanted[tab.wanted.length - 1], cursor: next })
      if (tab === this.data.tab) this.setData({ items: [...items, ...page.items.map(billOf)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    this.setData({ tab: TABS[event.currentTarget.dataset.index], state: 'loading', items: [] })
    this.load()
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    const { id, paid, payment } = event.currentTarget.dataset
    const page = paid ? `receipt/index?id=${payment}` : `pay/index?id=${id}`
    wx.navigateTo({ url: `/packages/bills/pages/${page}` })
  },

  lookUp() {
    wx.navigateTo({ url: '/packages/bills/pages/lookup/index' })
  },

  saved() {
    wx.navigateTo({ url: '/packages/bills/pages/saved/index' })
  },

  history() {
    wx.navigateTo({ url: '/packages/bills/pages/payments/index' })
  },
})
