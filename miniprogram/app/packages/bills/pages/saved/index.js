const accounts = require('../../../../services/bill_accounts')
const autoPay = require('../../../../services/auto_pay')
const { loadsWhenShown } = require('../../../../utils/loading')
const { accountOf } = require('../../saving')

/** Accounts whose bills come by themselves: mine and those of family. */
Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', items: /** @type {any[]} */ ([]), more: true },

  async fetch() {
    const [{ items, more }, autos] = await Promise.all([accounts.list(), autoPay.list()])
    const found = items.map((/** @type {any} */ one) => accountOf(one, autos.find((/** @type {any} */ auto) => auto.id === one.id)))
    this.setData({ items: found, more, state: found.length ? 'ready' : 'empty' })
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
