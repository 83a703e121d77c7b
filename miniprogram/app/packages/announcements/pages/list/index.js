const announcements = require('../../../../services/announcements')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { when } = require('../../../../utils/time')

const PAGE = '/packages/announcements/pages/announcement/index'

Page({
  ...loads,
  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]), next: null, more: false },

  onLoad() {
    this.load()
    subscriptions.prepare()
  },

  async fetch() {
    const page = await announcements.list()
    this.setData({ state: page.items.length ? 'ready' : 'empty', items: page.items.map(drawn), next: page.next })
  },

  async onReachBottom() {
    const { next, more, items } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await announcements.list({ cursor: next })
      this.setData({ items: [...items, ...page.items.map(drawn)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  /** What is opened is read; when the server cannot hear of it now, it is so the next time. Who would not be told of the next
   * one is asked. @param {WechatMiniprogram.TouchEvent} event */
  async open(event) {
    const { id } = event.currentTarget.dataset
    if (subscriptions.lacks('announcements')) await subscriptions.ask('announcements')
    wx.navigateTo({ url: `${PAGE}?id=${id}` })
    this.setData({ items: this.data.items.map((one) => (one.id === id ? { ...one, unread: false } : one)) })
  },
})

/** @param {any} one */
const drawn = (one) => ({ ...one, line: `${one.publisher} · ${when(one.published_at)}` })
