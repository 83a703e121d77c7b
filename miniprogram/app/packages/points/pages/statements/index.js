const points = require('../../../../services/points')
const { monthOf } = require('../../drawing')

/** The months that have a statement, the newest first. */
Page({
  whose: '',

  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]), next: null, more: false },

  /** @param {{ whose?: string }} query */
  onLoad(query) {
    this.whose = query.whose || ''
    this.load()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    if (this.data.state === 'error') this.setData({ state: 'loading' })
    try {
      const page = await points.months({ whose: this.whose })
      this.setData({ state: page.items.length ? 'ready' : 'empty', items: page.items.map(monthOf), next: page.next })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  async onReachBottom() {
    const { next, more, items } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await points.months({ whose: this.whose, cursor: next })
      this.setData({ items: [...items, ...page.items.map(monthOf)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.navigateTo({ url: `/packages/points/pages/statement/index?month=${event.currentTarget.dataset.month}&whose=${this.whose}` })
  },
})
