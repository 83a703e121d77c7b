const passengers = require('../../../../services/passengers')

/** Those who have travelled with me, to be chosen again. */
Page({
  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]) },

  onShow() {
    this.load()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    try {
      const items = await passengers.all()
      this.setData({ state: items.length ? 'ready' : 'empty', items })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.navigateTo({ url: `/packages/tickets/pages/passenger/index?id=${event.currentTarget.dataset.id}` })
  },

  add() {
    wx.navigateTo({ url: '/packages/tickets/pages/passenger/index' })
  },
})
