const look = require('../../services/look')
const me = require('../../services/me')
const places = require('../../services/places')
const { loadsWhenShown } = require('../../utils/loading')

const ENTRIES = [
  { title: '我的积分', text: '有多少，怎么来的，便民邮储卡', icon: 'gift', url: '/packages/points/pages/points/index' },
  { title: '账单与缴费', text: '要缴的账单，缴过的凭证', icon: 'wallet', url: '/packages/bills/pages/list/index' },
  { title: '消息订阅', text: '微信还能提醒您几次', icon: 'bell', url: '/packages/me/pages/subscriptions/index' },
  { title: '消息设置', text: '哪些马上告诉您，夜里不打扰', icon: 'message-circle', url: '/packages/me/pages/topics/index' },
  { title: '关注的内容', text: '想听哪些事，街道给您标了什么', icon: 'heart', url: '/packages/me/pages/tags/index' },
  { title: '候补与定期服务', text: '排队的时间，每周的上门', icon: 'repeat', url: '/packages/me/pages/ahead/index' },
  { title: '家人代办', text: '请儿女帮您办，或帮老人办', icon: 'users', url: '/packages/me/pages/proxies/index' },
  { title: '隐私与我的数据', text: '下载、注销、隐私说明', icon: 'shield', url: '/packages/me/pages/privacy/index' },
]

Page({
  ...loadsWhenShown,
  data: { state: 'loading', error: '', who: /** @type {any} */ ({}), home: '', large: false, entries: ENTRIES, busy: false },

  async fetch() {
    const [who, all] = await Promise.all([me.get(), places.all()])
    const large = who.preferences.large_text
    look.setLarge(large)
    this.setData({ state: 'ready', who, home: places.home(who.household, all).text, large })
  },

  /** Seen at once and undone when the server could not keep it. @param {WechatMiniprogram.SwitchChange} event */
  async enlarge(event) {
    const large = event.detail.value
    look.setLarge(large)
    this.setData({ large })
    try {
      const who = await me.change({ preferences: { large_text: large } })
      this.setData({ who })
    } catch (error) {
      look.setLarge(!large)
      this.setData({ large: !large })
      wx.showToast({ title: error.message, icon: 'none' })
    }
  },

  /** @param {WechatMiniprogram.CustomEvent<{ code?: string }>} event */
  async phone(event) {
    if (!event.detail.code) return
    this.setData({ busy: true })
    try {
      this.setData({ who: await me.bindPhone(event.detail.code) })
      wx.showToast({ title: '手机号已绑定', icon: 'success' })
    } catch (error) {
      wx.showModal({ title: '没有绑定', content: error.message, showCancel: false })
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  go(event) {
    wx.navigateTo({ url: event.currentTarget.dataset.url })
  },
})
