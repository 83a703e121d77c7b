const bookings = require('../../../../services/bookings')
const catalogue = require('../../../../services/catalogue')
const drafts = require('../../../../services/drafts')
const me = require('../../../../services/me')
const places = require('../../../../services/places')
const proxies = require('../../../../services/proxies')
const { loads } = require('../../../../utils/loading')
const { when } = require('../../../../utils/time')

const NOBODY = { name: '', phone: '' }
const HOUSE = ['address', 'address.compound_id', 'address.room']

Page({
  ...loads,
  data: {
    state: 'loading', error: '', id: '', start: '', when: '', service: null, address: null, addressText: '', editing: false,
    contact: NOBODY, form: {}, note: '', errors: {}, busy: false, who: /** @type {any} */ (null), all: /** @type {any[]} */ ([]),
    people: /** @type {any[]} */ ([]), whom: '', other: '',
  },

  /** @param {{ id: string, start: string }} query */
  onLoad({ id, start }) {
    const moment = decodeURIComponent(start)
    this.setData({ id, start: moment, when: when(moment) })
    this.load()
  },

  async fetch() {
    const [service, who, all] = await Promise.all([catalogue.get(this.data.id), me.get(), places.all()])
    const people = await proxies.people(who.id)
    const draft = drafts.get(`booking.${this.data.id}`)
    const whom = people.some((one) => one.value === draft.whom) ? draft.whom : ''
    this.setData({ service, who, all, people, form: draft.form || {}, note: draft.note || '' })
    this.settle(whom, draft.whom === whom || !draft.whom ? draft : {})
    this.setData({ state: 'ready' })
  },

  /**
   * Where to come and whom to call: what was typed, else my own; what somebody else of the family has registered only the
   * server knows, so nothing is sent.
   * @param {string} whom
   * @param {{ address?: any, contact?: any }} typed
   */
  settle(whom, { address, contact }) {
    const { who, all, people } = this.data
    const person = people.find((one) => whom && one.value === whom)
    const house = address || (person ? null : who.household)
    const compound = house && all.find((one) => one.id === house.compound_id)
    this.setData({
      whom,
      other: person ? person.name : '',
      address: house,
      addressText: compound ? `${compound.name} ${house.room}` : person ? `${person.name}自己登记的住址` : '',
      editing: !compound && !person,
      contact: contact || (person ? NOBODY : { name: who.name, phone: who.phone || '' }),
    })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseWhom(event) {
    this.settle(event.detail.value, {})
    this.keep({})
  },

  edit() {
    this.setData({ editing: true })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: any }>} event */
  changeAddress(event) {
    this.keep({ address: event.detail.value })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeContact(event) {
    this.keep({ contact: { ...this.data.contact, [event.currentTarget.dataset.name]: event.detail.value } })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: Record<string, any> }>} event */
  changeForm(event) {
    this.keep({ form: event.detail.values })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeNote(event) {
    this.keep({ note: event.detail.value })
  },

  /** @param {Record<string, any>} news */
  keep(news) {
    this.setData({ ...news, errors: {} })
    const { id, whom, address, contact, form, note } = this.data
    const named = contact.name || contact.phone
    drafts.keep(`booking.${id}`, { whom, address, contact: named ? contact : undefined, form, note })
  },

  async next() {
    const { id, start, whom, address, contact, form, note, service } = this.data
    this.setData({ busy: true, errors: {} })
    try {
      const wanted = { service_id: id, start, hold: true, form, note, address: address || undefined, contact: contact.name || contact.phone ? contact : undefined, resident_id: whom || undefined }
      const held = await bookings.book(wanted)
      wx.navigateTo({ url: `/packages/services/pages/confirm/index?case_no=${held.case_no}` })
    } catch (error) {
      const errors = placed(error, service)
      this.setData({ errors, editing: this.data.editing || 'address' in errors })
    } finally {
      this.setData({ busy: false })
    }
  },
})

/** Beside which answer an error belongs. @param {any} error @param {any} service */
function placed(error, service) {
  const field = error.field || ''
  if (field.startsWith('form.')) return { [field.slice('form.'.length)]: error.message, page: error.message }
  if (HOUSE.includes(field)) return { address: error.message }
  if (field.startsWith('contact')) return { contact: error.code === 'invalid' ? '请填写姓名和能打通的电话' : error.message }
  return { page: error.message, service: service.id }
}
