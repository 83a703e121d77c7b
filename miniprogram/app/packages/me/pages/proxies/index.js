const proxies = require('../../../../services/proxies')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { when } = require('../../../../utils/time')
const { proxyOf } = require('../../drawing')

Page({
  ...loads,
  data: {
    state: 'loading', error: '', items: [], invitation: null, code: '', problem: '', busy: false,
    scopes: /** @type {any[]} */ ([]), terms: /** @type {any[]} */ ([]), days: '', relation: '', ready: false,
  },

  onLoad() {
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const { items, scopes, terms } = await proxies.list()
    const before = this.data.scopes
    const chosen = (/** @type {any} */ one, /** @type {number} */ at) => (before[at] ? before[at].on : at === 0)
    this.setData({
      state: 'ready',
      items: items.map(proxyOf),
      scopes: scopes.map((/** @type {any} */ one, /** @type {number} */ at) => ({ ...one, on: chosen(one, at) })),
      terms: terms.map((/** @type {any} */ one) => ({ value: String(one.days), text: one.text })),
      days: this.data.days || String(terms[terms.length - 1].days),
    })
    this.setData({ ready: this.data.scopes.some((one) => one.on) })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  toggle(event) {
    const { index } = event.currentTarget.dataset
    const scopes = this.data.scopes.map((one, at) => (at === index ? { ...one, on: !one.on } : one))
    this.setData({ scopes, ready: scopes.some((one) => one.on) })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  last(event) {
    this.setData({ days: event.detail.value })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeRelation(event) {
    this.setData({ relation: event.detail.value })
  },

  async invite() {
    const { scopes, days, relation } = this.data
    this.setData({ busy: true })
    await subscriptions.ask('proxy')
    try {
      const made = await proxies.invite({ scopes: scopes.filter((one) => one.on).map((one) => one.value), days: Number(days), relation: relation.trim() })
      this.setData({ invitation: { code: made.code, until: when(made.code_expires_at), what: made.proxy.scopes_text, days: made.proxy.until_text } })
      await this.load()
    } catch (error) {
      wx.showModal({ title: '没有生成', content: error.message, showCancel: false })
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.setData({ code: event.detail.value, problem: '' })
  },

  async accept() {
    this.setData({ busy: true, problem: '' })
    await subscriptions.ask('proxy')
    try {
      await proxies.accept(this.data.code.trim())
      this.setData({ code: '' })
      wx.showToast({ title: '现在可以替家人办了', icon: 'none' })
      await this.load()
    } catch (error) {
      this.setData({ problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async revoke(event) {
    const { confirm } = await wx.showModal({ title: '确定收回？', content: '马上生效，已经办好的事不受影响', confirmText: '收回', cancelText: '再想想' })
    if (!confirm) return
    try {
      await proxies.revoke(event.currentTarget.dataset.id)
      await this.load()
    } catch (error) {
      wx.showModal({ title: '没有收回', content: error.message, showCancel: false })
    }
  },
})
