const agreement = require('../../services/agreement')
const announcements = require('../../services/announcements')
const bundles = require('../../services/bundles')
const cases = require('../../services/cases')
const catalogue = require('../../services/catalogue')
const me = require('../../services/me')
const places = require('../../services/places')
const { loads } = require('../../utils/loading')
const { day, greeting } = require('../../utils/time')

const ENTRIES = [
  { title: '约上门服务', text: '保洁 维修 照护', icon: 'sparkles', colour: 'primary', url: '/packages/services/pages/list/index' },
  { title: '打车', text: '就近派车 看得见', icon: 'car', colour: 'amber', url: '/packages/rides/pages/order/index' },
  { title: '车票机票', text: '代买 60 岁免手续费', icon: 'train-front', colour: 'blue', url: '/packages/tickets/pages/order/index' },
  { title: '政务办理', text: '少跑腿 查指南', icon: 'file-check', colour: 'blue', url: '/packages/approvals/pages/guide/index' },
  { title: '生活缴费', text: '物业 电费 社保', icon: 'wallet', colour: 'amber', url: '/packages/bills/pages/list/index' },
  { title: '我的积分', text: '刷卡得 抵账单', icon: 'gift', colour: 'primary', url: '/packages/points/pages/points/index' },
  { title: '搬家货运', text: '先看再报价', icon: 'truck', colour: 'amber', url: '/packages/services/pages/list/index?category=moving' },
  { title: '查进度', text: '凭编号就能查', icon: 'search', colour: 'blue', url: '/packages/approvals/pages/progress/index' },
  { title: '定期上门', text: '每周按时来', icon: 'repeat', colour: 'primary', url: '/packages/services/pages/list/index' },
  { title: '我的办件', text: '看办到哪一步', icon: 'list', colour: 'primary', url: '/pages/cases/index' },
]

const NEWS = 3

Page({
  ...loads,
  data: { state: 'loading', error: '', greeting: '', name: '', where: '', next: /** @type {any} */ (null), bundles: /** @type {any[]} */ ([]), news: /** @type {any[]} */ ([]), entries: ENTRIES, categories: [] },

  onShow() {
    if (agreement.given()) this.load()
  },

  async fetch() {
    this.setData({ greeting: greeting() })
    const [who, all, mine, services, together, news] = await Promise.all([me.get(), places.all(), cases.list({ open: true, limit: 1 }), catalogue.list(), bundles.list(), newest()])
    this.setData({
      state: 'ready',
      name: who.name,
      where: places.home(who.household, all).compound,
      next: mine.items[0] || null,
      categories: services.categories.slice(0, 8),
      bundles: together.filter((/** @type {any} */ one) => one.available),
      news,
    })
  },

  settle() {
    wx.navigateTo({ url: '/packages/me/pages/profile/index' })
  },

  search() {
    wx.navigateTo({ url: '/packages/services/pages/list/index?search=1' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  category(event) {
    wx.navigateTo({ url: `/packages/services/pages/list/index?category=${event.currentTarget.dataset.id}` })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  openBundle(event) {
    wx.navigateTo({ url: `/packages/services/pages/bundle/index?id=${event.currentTarget.dataset.id}` })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  openNews(event) {
    wx.navigateTo({ url: `/packages/announcements/pages/announcement/index?id=${event.currentTarget.dataset.id}` })
  },

  moreNews() {
    wx.navigateTo({ url: '/packages/announcements/pages/list/index' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  go(event) {
    const { url } = event.currentTarget.dataset
    if (url.startsWith('/pages/')) wx.switchTab({ url })
    else wx.navigateTo({ url })
  },
})

/** The newest announcements; home opens without them, too. */
async function newest() {
  const { items } = await announcements.list({ limit: NEWS }).catch(() => ({ items: [] }))
  return items.map((/** @type {any} */ one) => ({ id: one.id, title: one.title, unread: one.unread, day: day(one.published_at) }))
}
