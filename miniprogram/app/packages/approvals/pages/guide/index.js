const items = require('../../../../services/items')
const { loads } = require('../../../../utils/loading')

const ALL = { id: '', name: '全部' }

/** What can be applied for, by domain and by word. */
Page({
  ...loads,
  data: { state: 'loading', error: '', word: '', domain: '', domains: [ALL], items: /** @type {any[]} */ ([]), shown: /** @type {any[]} */ ([]) },

  onLoad() {
    this.load()
  },

  async fetch() {
    const found = await items.all()
    const named = new Map(found.map((one) => [one.domain, one.domain_text]))
    this.setData({ items: found, domains: [ALL, ...[...named].map(([id, name]) => ({ id, name }))] })
    this.filter()
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    this.setData({ domain: event.currentTarget.dataset.id })
    this.filter()
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.setData({ word: event.detail.value })
    this.filter()
  },

  clear() {
    this.setData({ word: '' })
    this.filter()
  },

  all() {
    this.setData({ word: '', domain: '' })
    this.filter()
  },

  filter() {
    const { items: every, word, domain } = this.data
    const words = word.trim().split(/\s+/).filter(Boolean)
    const shown = every.filter((one) => {
      const text = [one.name, one.summary, one.domain_text].join(' ')
      return (!domain || one.domain === domain) && words.every((part) => text.includes(part))
    })
    this.setData({ shown, state: shown.length ? 'ready' : 'empty' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.navigateTo({ url: `/packages/approvals/pages/item/index?code=${event.currentTarget.dataset.code}` })
  },

  progress() {
    wx.navigateTo({ url: '/packages/approvals/pages/progress/index' })
  },
})
