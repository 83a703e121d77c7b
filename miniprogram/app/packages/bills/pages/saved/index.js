const accounts = require('../../../../services/bill_accounts')
const autoPay = require('../../../../services/auto_pay')
const { accountOf } = require('../../saving')

/** Accounts whose bills come by themselves: mine and those of family. */
Page({
  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]), more: true },

  onShow() {
    this.load()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    if (this.data.state === 'error') this.setData({ state: 'loading' })
    try {
      const [{ items, more }, autos] = await Promise.all([accounts.list(), autoPay.list()])
      const found = items.map((/** @type {any} */ one) => accountOf(one, autos.find((/** @type {any} */ auto) => auto.id === one.id)))
      this.setData({ items: found, more, state: found.length ? 'ready' : 'empty' })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  add() {
    wx.navigateTo({ url: '/packages/bills/pages/edit/index' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  go(event) {
    const { page, id } = event.currentTarget.dataset
    wx.navigateTo({ url: `/packages/bills/pages/${page}/index?id=${id}` })
  },

  pay() {
    wx.navigateTo({ url: '/packages/bills/pages/list/index' })
  },
})
