const drafts = require('../../../../services/drafts')
const me = require('../../../../services/me')
const passengers = require('../../../../services/passengers')
const places = require('../../../../services/places')
const rides = require('../../../../services/rides')
const subscriptions = require('../../../../services/subscriptions')
const tickets = require('../../../../services/tickets')
const { loads } = require('../../../../utils/loading')
const { date } = require('../../../../utils/time')
const { HOME, STATIONS } = require('../../stations')
const { DELIVERIES, MODES, MOST_ALTERNATIVES, PARTIES, PARTS, blank, bodyOf, choice, daySaid, deadlines, lacking, placed, summaryOf } = require('../../wanting')

const DRAFT = 'ticket'
const MOMENTS = ['progress', 'pay']
const AHEAD_DAYS = 60

/** What the agent shall buy, page by page; what is filled in stays when the page is left. */
Page({
  ...loads,
  all: /** @type {any[]} */ ([]),
  marks: /** @type {any[]} */ ([]),

  data: {
    state: 'loading', error: '', parts: PARTS, part: 0, name: PARTS[0].name, form: blank(), mode: MODES.train, modes: Object.entries(MODES).map(([value, one]) => ({ value, text: one.text })),
    stations: STATIONS.train, most: MOST_ALTERNATIVES, daySaid: '', first: '', last: '', deadlines: /** @type {any[]} */ ([]), parties: PARTIES, deliveries: DELIVERIES,
    people: /** @type {any[]} */ ([]), who: /** @type {any} */ (null), house: /** @type {any} */ (null), way: /** @type {any} */ (null), errors: /** @type {any} */ ({}), summary: /** @type {any} */ (null), busy: false,
  },

  onLoad() {
    subscriptions.prepare()
    const now = Date.now()
    this.setData({ first: date(now), last: date(now + AHEAD_DAYS * 24 * 3600 * 1000) })
    this.load()
  },

  /** Somebody may have been added meanwhile. */
  onShow() {
    if (this.data.state === 'ready') this.addFresh().catch(() => {})
  },

  async fetch() {
    const [who, all, marks] = await Promise.all([me.get(), places.all(), rides.landmarks().catch(() => []), this.fetchPeople()])
    this.all = all
    this.marks = marks
    const form = { ...blank(), ...drafts.get(DRAFT) }
    const contact = form.contact.name || form.contact.phone ? form.contact : { name: who.name, phone: who.phone || '' }
    this.setData({ who, house: who.household })
    this.draw({ ...form, contact, passengers: form.passengers.filter((one) => this.data.people.some((each) => each.id === one)) })
    this.setData({ state: 'ready' })
  },

  async fetchPeople() {
    this.setData({ people: await passengers.all() })
  },

  /** Whoever was just added travels along. */
  async addFresh() {
    const before = this.data.people
    await this.fetchPeople()
    const fresh = this.data.people.filter((one) => !before.some((each) => each.id === one.id)).map((one) => one.id)
    if (fresh.length) this.keep({ passengers: [...this.data.form.passengers, ...fresh] })
    else this.draw(this.data.form)
  },

  /** @param {any} form */
  draw(form) {
    const mode = MODES[form.mode]
    const known = deadlines(form.day)
    this.setData({
      form,
      mode,
      stations: STATIONS[form.mode],
      daySaid: form.day ? daySaid(form.day) : '',
      deadlines: known,
      people: this.data.people.map((one) => ({ ...one, on: form.passengers.includes(one.id) })),
      summary: summaryOf(form, this.data.people),
      way: this.wayTo(form.mode),
    })
  },

  /** @param {Record<string, any>} news */
  keep(news) {
    const form = { ...this.data.form, ...news }
    this.setData({ errors: {} })
    this.draw(form)
    drafts.keep(DRAFT, form)
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseMode(event) {
    const mode = event.detail.value
    if (mode === this.data.form.mode) return
    this.keep({ mode, origin: HOME[mode], destination: '', alternatives: [choice(mode)] })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.keep({ [event.currentTarget.dataset.name]: event.detail.value })
  },

  /** A place that is often gone to. @param {WechatMiniprogram.TouchEvent} event */
  goTo(event) {
    this.keep({ destination: event.currentTarget.dataset.station })
  },

  turnRound() {
    const { origin, destination } = this.data.form
    this.keep({ origin: destination, destination: origin })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  chooseDay(event) {
    const day = String(event.detail.value)
    const { by } = this.data.form
    this.keep({ day, by: deadlines(day).some((one) => one.value === by) ? by : '' })
  },

  // Which trains or flights, the dearest to them first.

  /** @param {number} at @param {Record<string, any>} news */
  alter(at, news) {
    this.keep({ alternatives: this.data.form.alternatives.map((one, index) => (index === at ? { ...one, ...news } : one)) })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeNumber(event) {
    this.alter(event.currentTarget.dataset.at, { number: event.detail.value })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  chooseSeat(event) {
    const { value, text } = this.data.mode.seats[Number(event.detail.value)]
    this.alter(event.currentTarget.dataset.at, { seat_class: value, seat_text: text })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  chooseTime(event) {
    this.alter(event.currentTarget.dataset.at, { depart: String(event.detail.value) })
  },

  another() {
    const { alternatives, mode } = this.data.form
    if (alternatives.length === MOST_ALTERNATIVES) return
    const { seat_class, seat_text } = alternatives[alternatives.length - 1]
    this.keep({ alternatives: [...alternatives, { ...choice(mode, alternatives), seat_class, seat_text }] })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  prefer(event) {
    const { at } = event.currentTarget.dataset
    const alternatives = [...this.data.form.alternatives]
    alternatives.splice(at - 1, 2, alternatives[at], alternatives[at - 1])
    this.keep({ alternatives })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  drop(event) {
    this.keep({ alternatives: this.data.form.alternatives.filter((_, index) => index !== event.currentTarget.dataset.at) })
  },

  // Who.

  /** @param {WechatMiniprogram.TouchEvent} event */
  seat(event) {
    const { id } = event.currentTarget.dataset
    const { passengers: chosen } = this.data.form
    this.keep({ passengers: chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id] })
  },

  addPassenger() {
    wx.navigateTo({ url: '/packages/tickets/pages/passenger/index' })
  },

  managePassengers() {
    wx.navigateTo({ url: '/packages/tickets/pages/passengers/index' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  together(event) {
    this.keep({ party: event.currentTarget.dataset.value })
  },

  // On what terms.

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseBy(event) {
    this.keep({ by: event.detail.value })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  deliver(event) {
    const delivery = event.currentTarget.dataset.value
    const mine = places.home(this.data.house, this.all).text
    this.keep({ delivery, address: this.data.form.address || (delivery === 'post' ? mine : '') })
  },

  /** From home to where the trip begins, if both are known. @param {string} mode */
  wayTo(mode) {
    const { house } = this.data
    const compound = house && this.all.find((one) => one.id === house.compound_id)
    const mark = this.marks.find((one) => one.kind === (mode === 'plane' ? 'airport' : 'station'))
    if (!compound || !compound.spot || !mark) return null
    return { pickup: { spot: compound.spot, text: places.home(house, this.all).text, compound_id: compound.id }, dropoff: { spot: mark.spot, text: mark.name } }
  },

  takeRide() {
    this.keep({ ride: !this.data.form.ride })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeContact(event) {
    this.keep({ contact: { ...this.data.form.contact, [event.currentTarget.dataset.name]: event.detail.value } })
  },

  // From page to page.

  /** @param {string} name */
  turn(name) {
    const part = PARTS.findIndex((one) => one.name === name)
    if (part < 0) return
    this.setData({ part, name })
    this.draw(this.data.form)
    wx.pageScrollTo({ scrollTop: 0, duration: 0 })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  look(event) {
    this.turn(event.currentTarget.dataset.name)
  },

  back() {
    this.turn(PARTS[this.data.part - 1].name)
  },

  next() {
    const { name, part, form } = this.data
    const found = lacking(name, form)
    if (Object.keys(found).length) return this.setData({ errors: { ...found, page: Object.values(found)[0] } })
    this.turn(PARTS[part + 1].name)
  },

  async send() {
    if (this.data.busy) return
    this.setData({ busy: true, errors: {} })
    await subscriptions.ask(...MOMENTS)
    try {
      const made = await tickets.order(bodyOf(this.data.form, this.data.way))
      drafts.drop(DRAFT)
      wx.redirectTo({ url: `/packages/tickets/pages/ticket/index?case_no=${made.case_no}` })
    } catch (error) {
      const { part, errors } = placed(error)
      if (part) this.turn(part)
      this.setData({ errors })
    } finally {
      this.setData({ busy: false })
    }
  },
})
