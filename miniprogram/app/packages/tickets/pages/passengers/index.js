const passengers = require('../../../../services/passengers')
const { loadsWhenShown } = require('../../../../utils/loading')

/** Those who have travelled with me, to be chosen again. */
Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]) },

  async fetch() {
    const items = await passengers.all()
    this.setData({ state: items.length ? 'ready' : 'empty', items })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.navigateTo({ url: `/packages/tickets/pages/passenger/index?id=${event.currentTarget.dataset.id}` })
  },

  add() {
    wx.navigateTo({ url: '/packages/tickets/pages/passenger/index' })
  },
})
