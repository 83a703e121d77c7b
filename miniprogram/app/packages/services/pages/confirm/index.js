const cases = require('../../../../services/cases')
const catalogue = require('../../../../services/catalogue')
const drafts = require('../../../../services/drafts')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { yuan } = require('../../../../utils/money')
const { when } = require('../../../../utils/time')

const WARN_S = 60
const NEAREST = 3
/** The action that gives more time stands beside the countdown, not among the others. */
const MORE_TIME = 'prolong'

Page({
  ...loads,
  caseNo: '',
  timer: 0,

  data: {
    state: 'loading', error: '', item: null, rows: [], main: [], prolong: null, left: '', leftText: '', soon: false, over: false,
    nearest: [], busy: false, problem: '',
  },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    subscriptions.prepare()
    this.load()
  },

  onShow() {
    this.timer = setInterval(() => this.tick(), 1000)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
  },

  async fetch() {
    this.take(await cases.get(this.caseNo))
  },

  /** @param {any} item */
  take(item) {
    this.setData({
      state: 'ready',
      item,
      rows: rows(item),
      main: item.actions.filter((/** @type {any} */ one) => one.main),
      prolong: item.actions.find((/** @type {any} */ one) => one.name === MORE_TIME) || null,
    })
    this.tick()
  },

  tick() {
    const { item, over } = this.data
    if (!item || over) return
    const seconds = item.expires_at ? Math.ceil((Date.parse(item.expires_at) - Date.now()) / 1000) : 0
    if (seconds <= 0) {
      this.end()
      return
    }
    const minutes = Math.floor(seconds / 60)
    const left = `${minutes}:${String(seconds % 60).padStart(2, '0')}`
    this.setData({ left, leftText: `还留 ${minutes} 分 ${seconds % 60} 秒`, soon: seconds <= WARN_S })
  },

  /** The seat is free for others again: say so, and what is near it. */
  async end() {
    this.setData({ over: true })
    clearInterval(this.timer)
    const { details } = this.data.item
    const { days } = await catalogue.slots(details.service_id).catch(() => ({ days: [] }))
    const wanted = Date.parse(details.start)
    const away = (/** @type {any} */ slot) => Math.abs(Date.parse(slot.start) - wanted)
    const free = days.flatMap((/** @type {any} */ day) => day.slots).filter((/** @type {any} */ slot) => slot.free)
    const nearest = free.sort((/** @type {any} */ one, /** @type {any} */ other) => away(one) - away(other)).slice(0, NEAREST)
    this.setData({ nearest: nearest.map((/** @type {any} */ slot) => ({ start: slot.start, text: when(slot.start) })) })
  },

  async more() {
    await this.move(MORE_TIME)
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async act(event) {
    const { action } = event.currentTarget.dataset
    this.setData({ busy: true })
    await subscriptions.ask(...(this.data.item.details.price_agreed ? ['submit'] : ['quote', 'submit']))
    if (!(await this.move(action))) return
    drafts.drop(`booking.${this.data.item.details.service_id}`)
    wx.reLaunch({ url: `/packages/cases/pages/case/index?case_no=${this.caseNo}&fresh=1` })
  },

  /** @param {string} action */
  async move(action) {
    this.setData({ busy: true, problem: '' })
    try {
      this.take(await cases.move(this.caseNo, action, { version: this.data.item.version }))
      return true
    } catch (error) {
      this.setData({ problem: error.message })
      if (!error.offline) await this.load()
      return false
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  again(event) {
    const { start } = event.currentTarget.dataset
    wx.redirectTo({ url: `/packages/services/pages/form/index?id=${this.data.item.details.service_id}&start=${encodeURIComponent(start)}` })
  },

  choose() {
    wx.redirectTo({ url: `/packages/services/pages/service/index?id=${this.data.item.details.service_id}` })
  },
})

/** @param {any} item */
function rows({ details, provider }) {
  return [
    { icon: 'calendar', label: '时间', text: details.when },
    { icon: 'map-pin', label: '地址', text: details.address },
    { icon: 'user', label: '联系人', text: `${details.contact_name} ${details.contact_phone}` },
    provider && { icon: 'store', label: '商家', text: provider.name },
    { icon: 'wallet', label: '费用', text: details.cost_text },
    { icon: 'clock', label: '取消', text: leaving(details) },
    details.note && { icon: 'message-circle', label: '留言', text: details.note },
  ].filter(Boolean)
}

/** What it costs to change one's mind. @param {any} details */
function leaving({ cancel_free_until: until, cancel_fee_fen: fee }) {
  if (until) return `${when(until)} 前免费取消`
  return fee ? `现在取消要付 ${yuan(fee)} 元` : '现在取消不收费'
}
