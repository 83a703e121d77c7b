const tags = require('../../../../services/tags')
const { loadsWhenShown } = require('../../../../utils/loading')
const { date } = require('../../../../utils/time')

Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', problem: '', busy: false, chosen: /** @type {any[]} */ ([]), given: /** @type {any[]} */ ([]) },

  async fetch() {
    this.show(await tags.mine())
  },

  /** @param {{ chosen: any[], given: any[] }} all */
  show({ chosen, given }) {
    const drawn = given.map((one) => ({ ...one, said: `${one.by} ${onDay(one.at)}标的：${one.reason}` }))
    this.setData({ state: chosen.length || drawn.length ? 'ready' : 'empty', problem: '', chosen, given: drawn })
  },

  /** Seen at once and undone when the server could not keep it. @param {WechatMiniprogram.TouchEvent} event */
  async tick(event) {
    const { id } = event.currentTarget.dataset
    const before = this.data.chosen
    const one = before.find((each) => each.id === id)
    if (this.data.busy || !one) return
    this.setData({ busy: true, problem: '', chosen: before.map((each) => (each.id === id ? { ...each, chosen: !one.chosen } : each)) })
    try {
      this.show(await (one.chosen ? tags.drop(id) : tags.choose(id)))
    } catch (error) {
      this.setData({ chosen: before, problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async off(event) {
    const { id, name } = event.currentTarget.dataset
    const content = '以后不再因为它通知您，街道会知道是您自己取消的。想再要，可以到社区窗口说一声。'
    const { confirm } = await wx.showModal({ title: `取消“${name}”？`, content, confirmText: '取消它', cancelText: '先留着' })
    if (!confirm || this.data.busy) return
    this.setData({ busy: true, problem: '' })
    try {
      this.show(await tags.drop(id))
      wx.showToast({ title: '已取消', icon: 'success' })
    } catch (error) {
      this.setData({ problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },
})

/** 2026 年 3 月 5 日: it may be years ago. @param {string} moment */
function onDay(moment) {
  const [year, month, number] = date(moment).split('-').map(Number)
  return `${year} 年 ${month} 月 ${number} 日`
}
