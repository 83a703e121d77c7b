const me = require('../../../../services/me')
const subscriptions = require('../../../../services/subscriptions')
const topics = require('../../../../services/topics')
const { loadsWhenShown } = require('../../../../utils/loading')
const { wishesOf } = require('../../drawing')

const UNDO_MS = 10000
const NEVER_QUIET = { start: '00:00:00', end: '00:00:00' }

Page({
  ...loadsWhenShown,
  data: {
    state: 'loading', error: '', topics: /** @type {any[]} */ ([]), quiet: true, start: '', end: '', own: /** @type {any} */ (null), usual: '', unusual: false, calls: true, sms: true,
    done: /** @type {{ text: string, back: Record<string, any> | null } | null} */ (null), busy: false,
  },
  timer: 0,

  onLoad() {
    subscriptions.prepare()
  },

  onUnload() {
    clearTimeout(this.timer)
  },

  async fetch() {
    const [who, told] = await Promise.all([me.get(), topics.get()])
    this.setData({ state: 'ready', ...wishesOf(who.preferences, told) })
  },

  /**
   * Keep a change, and show what there is now, also when it could not be kept.
   * @param {Record<string, any>} wanted @param {Record<string, any> | null} back what takes it back @param {string} text
   */
  async keep(wanted, back, text) {
    clearTimeout(this.timer)
    this.setData({ busy: true, done: null })
    try {
      const who = await me.change({ preferences: wanted })
      const told = await topics.get()
      this.setData({ ...wishesOf(who.preferences, told), done: { text, back } })
      this.timer = setTimeout(() => this.setData({ done: null }), UNDO_MS)
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
      await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  /** What is told once a day is told by a message that has to be agreed to, too. @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  async choose(event) {
    const one = this.data.topics[event.currentTarget.dataset.at]
    const how = event.detail.value
    if (this.data.busy || one.chosen === how) return
    const way = one.options.find((/** @type {any} */ option) => option.value === how)
    if (how === 'digest') await subscriptions.ask('digest')
    await this.keep({ topics: { [one.topic]: how } }, { topics: { [one.topic]: one.chosen } }, `${one.title}：${way.text}`)
  },

  /** @param {WechatMiniprogram.SwitchChange} event */
  async silence(event) {
    const quiet = event.detail.value
    const hours = quiet ? this.hours(this.data.usual ? null : {}) : NEVER_QUIET
    await this.keep({ quiet_hours: hours }, { quiet_hours: this.data.own }, quiet ? '夜里不打扰您' : '夜里也提醒您')
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  async begin(event) {
    await this.between(this.hours({ start: `${event.detail.value}:00` }))
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  async finish(event) {
    await this.between(this.hours({ end: `${event.detail.value}:00` }))
  },

  async usually() {
    await this.keep({ quiet_hours: null }, { quiet_hours: this.data.own }, `${this.data.usual} 不打扰您`)
  },

  /** @param {any} hours */
  async between(hours) {
    const text = hours.start === hours.end ? '夜里也提醒您' : `${hours.start.slice(0, 5)}—${hours.end.slice(0, 5)} 不打扰您`
    await this.keep({ quiet_hours: hours }, { quiet_hours: this.data.own }, text)
  },

  /** Those on the page, with what is different; null are the street's. @param {Record<string, string> | null} other */
  hours(other) {
    return other && { start: `${this.data.start}:00`, end: `${this.data.end}:00`, ...other }
  },

  /** @param {WechatMiniprogram.SwitchChange} event */
  async allowCalls(event) {
    const calls = event.detail.value
    await this.keep({ calls }, { calls: !calls }, calls ? '可以打电话告诉您' : '不打电话告诉您')
  },

  /** @param {WechatMiniprogram.SwitchChange} event */
  async allowSms(event) {
    const sms = event.detail.value
    await this.keep({ sms }, { sms: !sms }, sms ? '可以发短信告诉您' : '不发短信告诉您')
  },

  async undo() {
    const { done } = this.data
    if (done && done.back) await this.keep(done.back, null, '已改回原来的')
  },

  toSubscriptions() {
    wx.navigateTo({ url: '/packages/me/pages/subscriptions/index' })
  },
})
