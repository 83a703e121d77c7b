const proxies = require('../../../../services/proxies')
const { when, date } = require('../../../../utils/time')
const { proxyOf } = require('../../drawing')

const FOR_DAYS = 365

Page({
  data: { state: 'loading', error: '', items: [], invitation: null, code: '', problem: '', busy: false },

  onLoad() {
    this.load()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    try {
      const { items } = await proxies.list()
      this.setData({ state: 'ready', items: items.map((/** @type {any} */ one) => ({ ...proxyOf(one), line: line(one), until: date(one.expires_at) })) })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  async invite() {
    this.setData({ busy: true })
    try {
      const made = await proxies.invite({ scopes: ['bookings'], days: FOR_DAYS, relation: '' })
      this.setData({ invitation: { code: made.code, until: when(made.code_expires_at) } })
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

/** @param {any} one */
function line(one) {
  if (one.side !== 'granted') return `您替 ${one.principal.name} 办`
  return one.holder ? `${one.holder.name} 替您办` : '等家人输入邀请码'
}
