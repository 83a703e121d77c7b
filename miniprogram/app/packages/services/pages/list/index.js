const catalogue = require('../../../../services/catalogue')
const { loads } = require('../../../../utils/loading')

const ALL = { id: '', name: '全部' }

Page({
  ...loads,
  data: { state: 'loading', error: '', word: '', searching: false, category: '', categories: [ALL], services: [], shown: [] },

  /** @param {{ category?: string, search?: string }} query */
  onLoad(query) {
    this.setData({ category: query.category || '', searching: Boolean(query.search) })
    this.load()
  },

  async fetch() {
    const { items, categories } = await catalogue.list()
    this.setData({ services: items, categories: [ALL, ...categories] })
    this.filter()
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    this.setData({ category: event.currentTarget.dataset.id })
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
    this.setData({ word: '', category: '' })
    this.filter()
  },

  filter() {
    const { services, word, category } = this.data
    const words = word.trim().split(/\s+/).filter(Boolean)
    const shown = services.filter((/** @type {any} */ one) => {
      const text = [one.name, one.summary, one.category_name, one.provider.name].join(' ')
      return (!category || one.category === category) && words.every((part) => text.includes(part))
    })
    this.setData({ shown, state: shown.length ? 'ready' : 'empty' })
  },
})
