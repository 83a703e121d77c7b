const catalogue = require('../../../../services/catalogue')
const drafts = require('../../../../services/drafts')
const me = require('../../../../services/me')
const plans = require('../../../../services/plans')
const proxies = require('../../../../services/proxies')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { clock } = require('../../../../utils/time')

const WEEKDAYS = ['周一', '周二', '周三', '周四', '周五', '周六', '周日']
const LENGTHS = [
  { weeks: 4, text: '一个月' },
  { weeks: 13, text: '三个月' },
  { weeks: 26, text: '半年' },
  { weeks: 52, text: '一年' },
]

Page({
  ...loads,
  data: {
    state: 'loading', error: '', id: '', service: /** @type {any} */ (null), weekdays: /** @type {any[]} */ ([]), times: /** @type {string[]} */ ([]),
    time: '', lengths: LENGTHS, weeks: 13, form: {}, errors: {}, busy: false, ready: false,
    people: /** @type {any[]} */ ([]), whom: '',
  },

  /** @param {{ id: string }} query */
  onLoad({ id }) {
    this.setData({ id })
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const { id } = this.data
    const [service, { days }, who] = await Promise.all([catalogue.get(id), catalogue.slots(id), me.get()])
    const people = await proxies.people(who.id)
    const draft = drafts.get(`plan.${id}`)
    const weekdays = draft.weekdays || WEEKDAYS.map((name, index) => ({ name, number: index + 1, on: false }))
    this.setData({ state: 'ready', service, times: timesOf(days), weekdays, time: draft.time || '', weeks: draft.weeks || 13, form: draft.form || {}, people })
    this.setData({ whom: people.some((one) => one.value === draft.whom) ? draft.whom : '' })
    this.keep({})
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseWhom(event) {
    this.keep({ whom: event.detail.value })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  toggle(event) {
    const { index } = event.currentTarget.dataset
    this.keep({ weekdays: this.data.weekdays.map((one, at) => (at === index ? { ...one, on: !one.on } : one)) })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    this.keep({ time: event.currentTarget.dataset.time })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  last(event) {
    this.keep({ weeks: event.currentTarget.dataset.weeks })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: any }>} event */
  fill(event) {
    this.keep({ form: event.detail.values })
  },

  /** @param {Record<string, any>} news */
  keep(news) {
    this.setData({ ...news, errors: {} })
    const { id, whom, weekdays, time, weeks, form } = this.data
    this.setData({ ready: weekdays.some((one) => one.on) && Boolean(time) })
    drafts.keep(`plan.${id}`, { whom, weekdays, time, weeks, form })
  },

  async send() {
    const { id, whom, weekdays, time, weeks, form } = this.data
    this.setData({ busy: true, errors: {} })
    await subscriptions.ask('plan', 'submit')
    try {
      await plans.make({ service_id: id, weekdays: weekdays.filter((one) => one.on).map((one) => one.number), time, weeks, form, resident_id: whom || undefined })
      drafts.drop(`plan.${id}`)
      wx.redirectTo({ url: '/packages/me/pages/ahead/index' })
    } catch (error) {
      const field = (error.field || '').replace('form.', '')
      this.setData({ errors: { [field]: error.message, page: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },
})

/** The times of day at which the service starts on any of these days, as 09:00. @param {any[]} days */
function timesOf(days) {
  const all = days.flatMap((one) => one.slots.map((/** @type {any} */ slot) => clock(slot.start).padStart(5, '0')))
  return [...new Set(all)].sort()
}
