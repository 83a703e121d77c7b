const bundles = require('../../../../services/bundles')
const catalogue = require('../../../../services/catalogue')
const me = require('../../../../services/me')
const proxies = require('../../../../services/proxies')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')

const RULES = [
  { name: 'nothing', text: '都先不约，我再改' },
  { name: 'keep', text: '能约几件约几件' },
]

Page({
  ...loads,
  data: {
    state: 'loading', error: '', id: '', bundle: /** @type {any} */ (null), parts: /** @type {any[]} */ ([]), rules: RULES, rule: '', problem: '',
    busy: false, ready: false, people: /** @type {any[]} */ ([]), whom: '',
  },

  /** @param {{ id: string }} query */
  onLoad({ id }) {
    this.setData({ id })
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const [bundle, who] = await Promise.all([bundles.get(this.data.id), me.get()])
    const people = await proxies.people(who.id)
    const parts = bundle.parts.map((/** @type {any} */ one) => ({ ...one, on: one.required, chosen: 0, start: '', days: [], form: {}, errors: {}, problem: '' }))
    this.setData({ state: 'ready', bundle, people, parts, rule: bundle.if_part_fails })
    await Promise.all(parts.map((/** @type {any} */ one, /** @type {number} */ at) => one.on && this.loadDays(at)))
  },

  /** @param {number} at */
  async loadDays(at) {
    const part = this.data.parts[at]
    try {
      const { days } = await catalogue.slots(part.services[part.chosen].id)
      this.change(at, { days })
    } catch (error) {
      this.change(at, { problem: error.message })
    }
  },

  /** @param {number} at @param {Record<string, any>} news */
  change(at, news) {
    const parts = this.data.parts.map((one, index) => (index === at ? { ...one, problem: '', errors: {}, ...news } : one))
    this.setData({ parts, problem: '', ready: parts.every((one) => !one.on || one.start) })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  toggle(event) {
    const { at } = event.currentTarget.dataset
    const part = this.data.parts[at]
    if (part.required) return
    this.change(at, { on: !part.on })
    if (!part.days.length) this.loadDays(at)
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  chooseService(event) {
    const { at, index } = event.currentTarget.dataset
    this.change(at, { chosen: index, start: '', form: {} })
    this.loadDays(at)
  },

  /** @param {WechatMiniprogram.CustomEvent<{ start: string }>} event */
  pick(event) {
    this.change(event.currentTarget.dataset.at, { start: event.detail.start })
  },

  full() {
    wx.showToast({ title: '这个时间约满了，请选别的', icon: 'none' })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: any }>} event */
  fill(event) {
    this.change(event.currentTarget.dataset.at, { form: event.detail.values })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  chooseRule(event) {
    this.setData({ rule: event.currentTarget.dataset.name })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseWhom(event) {
    this.setData({ whom: event.detail.value, problem: '' })
  },

  async send() {
    const { id, whom, parts, rule } = this.data
    const wanted = parts.filter((one) => one.on)
    this.setData({ busy: true, problem: '' })
    await subscriptions.ask('bundle', 'submit')
    try {
      const opened = await bundles.open({
        bundle_id: id,
        if_part_fails: rule,
        resident_id: whom || undefined,
        parts: wanted.map((one) => ({ part: one.part, service_id: one.services[one.chosen].id, start: one.start, form: one.form })),
      })
      wx.redirectTo({ url: `/packages/cases/pages/case/index?case_no=${opened.case_no}&fresh=1` })
    } catch (error) {
      this.place(error, wanted)
    } finally {
      this.setData({ busy: false })
    }
  },

  /** An error of one part is shown at that part. @param {any} error @param {any[]} wanted */
  place(error, wanted) {
    const [, index, ...rest] = (error.field || '').split('.')
    const part = wanted[Number(index)]
    if (part) this.change(this.data.parts.indexOf(part), { problem: error.message, errors: { [rest[rest.length - 1]]: error.message } })
    this.setData({ problem: error.message })
  },
})
