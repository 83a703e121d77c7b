const plans = require('../../../../services/plans')
const waitlist = require('../../../../services/waitlist')
const { loadsWhenShown } = require('../../../../utils/loading')
const { planOf } = require('../../drawing')

Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', line: [], plans: [] },

  async fetch() {
    const [line, weekly] = await Promise.all([waitlist.list({ open: true }), plans.list()])
    const shown = weekly.items.map(planOf)
    this.setData({ state: line.items.length || shown.length ? 'ready' : 'empty', line: line.items, plans: shown })
  },

  /** Ask, do, and show what has become of it. @param {string} title @param {string} content @param {() => Promise<any>} work */
  async sure(title, content, work) {
    const { confirm } = await wx.showModal({ title, content, confirmText: '是的', cancelText: '再想想' })
    if (!confirm) return
    try {
      await work()
      await this.load()
    } catch (error) {
      wx.showModal({ title: '没有办成', content: error.message, showCancel: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  leave(event) {
    const { id } = event.currentTarget.dataset
    return this.sure('不等这个时间了？', '排的队就没有了，给您留的位置会让给下一位', () => waitlist.leave(id))
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  skip(event) {
    const { id, date, when } = event.currentTarget.dataset
    return this.sure('这一次不来？', `${when} 这次取消，别的照旧`, () => plans.skip(id, date))
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  pause(event) {
    const { id, paused } = event.currentTarget.dataset
    if (paused) return this.sure('继续定期上门？', '从下一次起照旧上门', () => plans.change(id, 'resume'))
    return this.sure('先停一停？', '已经约好的几次也一起取消，想好了随时继续', () => plans.change(id, 'pause', true))
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  end(event) {
    const { id } = event.currentTarget.dataset
    return this.sure('以后不来了？', '已经约好的几次也一起取消', () => plans.change(id, 'end', true))
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  openCase(event) {
    const { no } = event.currentTarget.dataset
    if (no) wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${no}` })
  },

  choose() {
    wx.navigateTo({ url: '/packages/services/pages/list/index' })
  },
})
