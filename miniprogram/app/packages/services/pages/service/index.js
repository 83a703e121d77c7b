const catalogue = require('../../../../services/catalogue')
const subscriptions = require('../../../../services/subscriptions')
const waitlist = require('../../../../services/waitlist')
const { loadsWhenShown } = require('../../../../utils/loading')
const { yuan } = require('../../../../utils/money')
const { when } = require('../../../../utils/time')

Page({
  ...loadsWhenShown,
  data: {
    state: 'loading', error: '', id: '', service: null, price: {}, days: [], offered: [], start: '', chosenText: '', free: '',
    weekly: false,
  },

  /** @param {{ id: string, start?: string }} query */
  onLoad({ id, start = '' }) {
    this.setData({ id, wanted: start })
    subscriptions.prepare()
  },

  async fetch() {
    const { id } = this.data
    const [service, { days }] = await Promise.all([catalogue.get(id), catalogue.slots(id)])
    this.setData({ state: 'ready', service, days, price: priceOf(service), offered: offered(service), weekly: service.price.unit !== 'quote' })
    if (!stillFree(days, this.data.start)) this.setData({ start: '', chosenText: '', free: '' })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ start: string }>} event */
  pick({ detail: { start } }) {
    this.setData({ start, chosenText: when(start), free: notice(this.data.service) })
  },

  /** A full time can be waited for. @param {WechatMiniprogram.CustomEvent<{ start: string }>} event */
  async full({ detail: { start } }) {
    const { confirm } = await wx.showModal({
      title: '这个时间约满了',
      content: `${when(start)} 有人退了就先通知您，并给您留一会儿。要加入候补吗？`,
      confirmText: '加入候补',
      cancelText: '看别的',
    })
    if (!confirm) return
    await subscriptions.ask('wait')
    try {
      const waiting = await waitlist.join(this.data.id, start)
      wx.showToast({ title: waiting.ahead ? `已加入，前面 ${waiting.ahead} 位` : '已加入候补', icon: 'none' })
    } catch (error) {
      wx.showModal({ title: '没有加入', content: error.message, showCancel: false })
    }
  },

  plan() {
    wx.navigateTo({ url: `/packages/services/pages/plan/index?id=${this.data.id}` })
  },

  next() {
    const { id, start } = this.data
    wx.navigateTo({ url: `/packages/services/pages/form/index?id=${id}&start=${encodeURIComponent(start)}` })
  },
})

/** @param {any} service */
function priceOf({ price, duration_min: minutes }) {
  const long = minutes % 60 ? `${minutes} 分钟` : `${minutes / 60} 小时`
  if (price.unit === 'free') return { large: '免费', small: `约 ${long}` }
  if (price.unit === 'quote') return { large: price.amount_fen ? `${yuan(price.amount_fen)} 元起` : '看过再报价', small: '您同意了才算约好' }
  return { large: `${yuan(price.total_fen)} 元`, small: `${price.text} · 约 ${long}` }
}

/** @param {any} service */
function offered(service) {
  const rows = [
    { icon: 'store', label: '商家', text: service.provider.name, phone: service.provider.phone },
    service.provider.rating && { icon: 'star', label: '评分', text: `${service.provider.rating.average} 分，${service.provider.rating.count} 人评过` },
    { icon: 'clock', label: '取消', text: notice(service) },
    service.visit_fee_fen && { icon: 'wallet', label: '上门费', text: `现场改价您没同意时收 ${yuan(service.visit_fee_fen)} 元` },
    service.notes && { icon: 'info', label: '说明', text: service.notes },
  ]
  return rows.filter(Boolean)
}

/** @param {any} service */
function notice({ cancel_notice_min: minutes }) {
  return minutes % 60 ? `开始前 ${minutes} 分钟可免费取消` : `开始前 ${minutes / 60} 小时可免费取消`
}

/** @param {any[]} days @param {string} start */
function stillFree(days, start) {
  return days.some((one) => one.slots.some((/** @type {any} */ slot) => slot.start === start && slot.free))
}
