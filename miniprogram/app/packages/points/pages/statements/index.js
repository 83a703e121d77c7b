const points = require('../../../../services/points')
const { loads } = require('../../../../utils/loading')
const { monthOf } = require('../../drawing')

/** The months that have a statement, the newest first. */
Page({
  ...loads,
  whose: '',

  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]), next: null, more: false },

  /** @param {{ whose?: string }} query */
  onLoad(query) {
    this.whose = query.whose || ''
    this.load()
  },

  async fetch() {
    const page = await points.months({ whose: this.whose })
    this.setData({ state: page.items.length ? 'ready' : 'empty', items: page.items.map(monthOf), next: page.next })
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
