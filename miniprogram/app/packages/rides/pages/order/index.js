const cases = require('../../../../services/cases')
const me = require('../../../../services/me')
const places = require('../../../../services/places')
const proxies = require('../../../../services/proxies')
const rides = require('../../../../services/rides')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { yuan } = require('../../../../utils/money')
const asking = require('../../asking')
const { helpOf, waitOf } = require('../../drawing')

const TYPING_MS = 400
const TIMES = [{ value: 'now', text: '现在就走' }, { value: 'later', text: '约个时间' }]
const WAYS = [{ value: 'wechat', text: '到了微信付' }, { value: 'cash', text: '给师傅现金' }]
const MOMENTS = ['ride', 'pay']
const PEOPLE = [1, 2, 3, 4].map((one) => ({ value: String(one), text: `${one} 位` }))

/** Where from, where to, when and for whom; what it costs is said before it is asked for. */
Page({
  ...loads,
  asked: 0,
  timer: 0,
  who: /** @type {any} */ (null),

  data: {
    state: 'loading', error: '', wanted: /** @type {any} */ ({ whom: '', people: 1, pay: 'wechat', note: '' }), times: TIMES, ways: WAYS, numbers: PEOPLE, days: asking.days(), dayIndex: 0,
    people: /** @type {any[]} */ ([]), contactText: '', contactHint: '', naming: false, riding: /** @type {any} */ (null),
    estimate: /** @type {any} */ (null), lines: /** @type {any[]} */ ([]), wait: '', lacking: '', asking: false, unfolded: false, errors: /** @type {any} */ ({}), help: /** @type {any} */ ({}), busy: false,
  },

  onLoad() {
    subscriptions.prepare()
  },

  onShow() {
    if (this.who) this.take({})
    else this.load()
  },

  onUnload() {
    clearTimeout(this.timer)
  },

  async fetch() {
    const [who, all, mine] = await Promise.all([me.get(), places.all(), cases.list({ open: true, kind: 'ride', limit: 1 })])
    const people = await proxies.people(who.id)
    this.who = who
    const { whom, from } = asking.get()
    const home = from || homeOf(who, all)
    this.setData({ state: 'ready', people, riding: mine.items[0] || null })
    this.take({ whom: people.some((one) => one.value === whom) ? whom : '', ...(home ? { from: home } : {}) })
  },

  /** What is filled in now, with these news; then the price is asked for. @param {import('../../asking').Wanted} news */
  take(news) {
    asking.keep(news)
    const days = asking.days()
    const kept = asking.get()
    const day = days.some((one) => one.value === kept.day) ? kept.day : days[0].value
    const wanted = { people: 1, pay: 'wechat', note: '', ...kept, day }
    const person = this.data.people.find((one) => one.value && one.value === wanted.whom)
    const { name, phone } = this.who
    const own = phone ? [name, phone].filter(Boolean).join(' ') : ''
    this.setData({
      wanted,
      days,
      dayIndex: days.findIndex((one) => one.value === day),
      naming: this.data.naming || Boolean(wanted.contact && (wanted.contact.name || wanted.contact.phone)) || (!person && !own),
      contactText: person ? `${person.name}自己登记的电话` : own,
      errors: {},
      help: {},
    })
    this.ask()
  },

  /** What it costs, once nobody types any more. An answer to what was asked before counts no more. */
  ask() {
    clearTimeout(this.timer)
    const number = ++this.asked
    const { wanted } = this.data
    const ready = wanted.from && wanted.to && (!wanted.later || asking.moment(wanted))
    const lacking = wanted.from ? (wanted.to ? (ready ? '' : '请选几点走') : '请选要去的地方') : '请选上车的地方'
    this.setData({ lacking, asking: Boolean(ready), ...(ready ? {} : { estimate: null }) })
    if (!ready) return
    this.timer = setTimeout(async () => {
      try {
        const estimate = await rides.estimate(asking.priced(wanted))
        if (number !== this.asked) return
        this.setData({ estimate, lines: estimate.lines.map((/** @type {any} */ one) => ({ ...one, amount: yuan(one.amount_fen) })), wait: waitOf(estimate, wanted.later), asking: false })
      } catch (error) {
        if (number === this.asked) this.refused(error, { estimate: null, asking: false })
      }
    }, TYPING_MS)
  },

  /** Beside what it belongs, and with what can be done about it. @param {any} error @param {Record<string, any>} [news] */
  refused(error, news = {}) {
    this.setData({ ...news, errors: placed(error), help: helpOf(error) })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choosePlace(event) {
    wx.navigateTo({ url: `/packages/rides/pages/place/index?which=${event.currentTarget.dataset.which}` })
  },

  turn() {
    const { from, to } = this.data.wanted
    this.take({ from: to, to: from })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseTime(event) {
    this.take({ later: event.detail.value === 'later' })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  chooseDay(event) {
    this.take({ day: this.data.days[Number(event.detail.value)].value })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  chooseHour(event) {
    this.take({ day: this.data.wanted.day, time: String(event.detail.value) })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseWhom(event) {
    this.setData({ naming: false })
    this.take({ whom: event.detail.value, contact: undefined })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  choosePeople(event) {
    this.take({ people: Number(event.detail.value) })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  choosePay(event) {
    this.take({ pay: event.detail.value })
  },

  /** @param {WechatMiniprogram.SwitchChange} event */
  need(event) {
    this.take({ [event.currentTarget.dataset.name]: event.detail.value })
  },

  nameOther() {
    this.setData({ naming: true })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeContact(event) {
    const contact = { name: '', phone: '', ...this.data.wanted.contact, [event.currentTarget.dataset.name]: event.detail.value }
    asking.keep({ contact })
    this.setData({ 'wanted.contact': contact, errors: {} })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeNote(event) {
    asking.keep({ note: event.detail.value })
    this.setData({ 'wanted.note': event.detail.value })
  },

  unfold() {
    this.setData({ unfolded: !this.data.unfolded })
  },

  openRiding() {
    wx.navigateTo({ url: cases.address(this.data.riding) })
  },

  goPay() {
    wx.navigateTo({ url: '/packages/bills/pages/list/index' })
  },

  call() {
    wx.makePhoneCall({ phoneNumber: this.data.help.phone, fail: () => {} })
  },

  async send() {
    if (this.data.busy) return
    const { wanted } = this.data
    this.setData({ busy: true, errors: {}, help: {} })
    await subscriptions.ask(...MOMENTS)
    try {
      const ride = await rides.order(asking.asked(wanted))
      rides.remember(wanted.to, wanted.from)
      asking.drop()
      wx.redirectTo({ url: cases.address(ride) })
    } catch (error) {
      this.refused(error)
    } finally {
      this.setData({ busy: false })
    }
  },
})

/** Where I live, if the street knows where that is. @param {any} who @param {any[]} all */
function homeOf({ household }, all) {
  const compound = household && all.find((one) => one.id === household.compound_id)
  return compound && compound.spot ? { text: compound.name, spot: compound.spot, compound_id: compound.id } : null
}

/** Beside which answer an error belongs. @param {any} error */
function placed(error) {
  const field = (error.field || '').split('.')[0]
  if (field === 'contact') return { contact: error.code === 'invalid' ? '请填写姓名和能打通的电话' : error.message }
  return ['pickup', 'dropoff', 'at'].includes(field) ? { [field]: error.message } : { page: error.message }
}
