const subscriptions = require('../../../../services/subscriptions')
const topics = require('../../../../services/topics')
const { loadsWhenShown } = require('../../../../utils/loading')
const { groupsOf } = require('../../drawing')

Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', groups: /** @type {any[]} */ ([]), refused: '', off: false, busy: false },

  async fetch() {
    const [items, told, off] = await Promise.all([subscriptions.list(), topics.get(), subscriptions.switchedOff()])
    const groups = groupsOf(told.items, items, subscriptions.AT_ONCE)
    const refused = groups.flatMap((group) => group.templates).filter((one) => one.refused)
    this.setData({ state: groups.length ? 'ready' : 'empty', groups, refused: refused.map((one) => one.title).join('、'), off })
  },

  /** One of them. @param {WechatMiniprogram.TouchEvent} event */
  askOne(event) {
    return this.ask([event.currentTarget.dataset.id])
  },

  /** Those of a topic that have the fewest left. @param {WechatMiniprogram.TouchEvent} event */
  askSome(event) {
    const group = this.data.groups[event.currentTarget.dataset.at]
    return this.ask(group.fewest.map((/** @type {any} */ one) => one.template_id))
  },

  /** @param {string[]} ids */
  async ask(ids) {
    if (this.data.busy) return
    this.setData({ busy: true })
    const { agreed, off } = await subscriptions.askFor(ids)
    await this.load()
    this.setData({ busy: false, off: off || this.data.off })
    if (!off) wx.showToast({ title: agreed ? '记下了' : '没有同意，消息仍在“消息”里', icon: 'none' })
  },

  async openSettings() {
    await subscriptions.openSettings()
    await this.load()
  },

  toTopics() {
    wx.navigateTo({ url: '/packages/me/pages/topics/index' })
  },
})
