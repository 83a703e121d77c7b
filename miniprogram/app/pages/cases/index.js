const cases = require('../../services/cases')
const { loadsWhenShown } = require('../../utils/loading')

const FILTERS = [
  { name: '正在办', empty: '现在没有正在办的事', wanted: { open: true } },
  { name: '办完的', empty: '还没有办完的事', wanted: { open: false } },
  { name: '全部', empty: '您还没有办过事', wanted: {} },
]

Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', filters: FILTERS, filter: FILTERS[0], items: [], next: null, more: false },

  async onReachBottom() {
    const { next, more, filter, items } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await cases.list({ ...filter.wanted, cursor: next })
      if (filter === this.data.filter) this.setData({ items: [...items, ...page.items], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    this.setData({ filter: FILTERS[event.currentTarget.dataset.index], state: 'loading', items: [] })
    this.load()
  },

  async fetch() {
    const { filter } = this.data
    const page = await cases.list(filter.wanted)
    if (filter !== this.data.filter) return
    this.setData({ items: page.items, next: page.next, state: page.items.length ? 'ready' : 'empty' })
  },

  book() {
    wx.navigateTo({ url: '/packages/services/pages/list/index' })
  },
})
