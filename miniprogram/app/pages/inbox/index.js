const inbox = require('../../services/inbox')
const subscriptions = require('../../services/subscriptions')
const { loads } = require('../../utils/loading')
const { when } = require('../../utils/time')

const INBOX_TAB = 2

Page({
  ...loads,
  data: { state: 'loading', error: '', items: [], unread: 0, next: null, more: false },

  onShow() {
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const page = await inbox.list()
    this.setData({ state: page.items.length ? 'ready' : 'empty', items: page.items.map(drawn), next: page.next })
    this.count(page.unread)
  },

  async onReachBottom() {
    const { next, more, items } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await inbox.list(next)
      this.setData({ items: [...items, ...page.items.map(drawn)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  /** @param {number} unread */
  count(unread) {
    this.setData({ unread })
    if (unread) wx.setTabBarBadge({ index: INBOX_TAB, text: unread > 99 ? '99+' : String(unread) })
    else wx.removeTabBarBadge({ index: INBOX_TAB })
  },

  /** What is opened is read; when the server cannot hear of it now, it is so the next time. @param {WechatMiniprogram.TouchEvent} event */
  async open(event) {
    const { index } = event.currentTarget.dataset
    const message = this.data.items[index]
    if (message.case_no) wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${message.case_no}` })
    else if (message.page) wx.navigateTo({ url: `/${message.page}`, fail: () => wx.switchTab({ url: `/${message.page}` }) })
    if (message.read_at) return
    try {
      await inbox.readOne(message.id)
      this.setData({ items: this.data.items.map((one) => (one.id === message.id ? { ...one, read_at: new Date().toISOString() } : one)) })
      this.count(Math.max(0, this.data.unread - 1))
    } catch (error) {
      return
    }
  },

  /** Who is told once a day is told by a message, too, and each of them has to be agreed to. */
  async readAll() {
    const collected = this.data.items.some((/** @type {any} */ one) => one.delivery === 'digest')
    if (collected && subscriptions.lacks('digest')) await subscriptions.ask('digest')
    try {
      await inbox.readAll()
      await this.load()
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    }
  },
})

/** @param {any} message */
const drawn = (message) => ({ ...message, when: when(message.at) })
