const bills = require('../../../../services/bills')
const { loadsWhenShown } = require('../../../../utils/loading')
const { paymentOf } = require('../../drawing')

/** All that was paid, or was not to be. */
Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]), next: null, more: false },

  async fetch() {
    const page = await bills.payments()
    this.setData({ items: page.items.map(paymentOf), next: page.next, state: page.items.length ? 'ready' : 'empty' })
  },

  async onReachBottom() {
    const { next, more, items } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await bills.payments(next)
      this.setData({ items: [...items, ...page.items.map(paymentOf)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.navigateTo({ url: `/packages/bills/pages/receipt/index?id=${event.currentTarget.dataset.id}` })
  },

  list() {
    wx.redirectTo({ url: '/packages/bills/pages/list/index' })
  },
})
