const bookings = require('../../../../services/bookings')
const catalogue = require('../../../../services/catalogue')
const drafts = require('../../../../services/drafts')
const me = require('../../../../services/me')
const places = require('../../../../services/places')
const { when } = require('../../../../utils/time')

const HOUSE = ['address', 'address.compound_id', 'address.room']

Page({
  data: {
    state: 'loading', error: '', id: '', start: '', when: '', service: null, address: null, addressText: '', editing: false,
    contact: { name: '', phone: '' }, form: {}, note: '', errors: {}, busy: false,
  },

  /** @param {{ id: string, start: string }} query */
  onLoad({ id, start }) {
    const moment = decodeURIComponent(start)
    this.setData({ id, start: moment, when: when(moment) })
    this.load()
  },

  async load() {
    try {
      const [service, who, all] = await Promise.all([catalogue.get(this.data.id), me.get(), places.all()])
      const draft = drafts.get(`booking.${this.data.id}`)
      const address = draft.address || who.household
      const compound = address && all.find((/** @type {any} */ one) => one.id === address.compound_id)
      this.setData({
        state: 'ready',
        service,
        address,
        addressText: compound ? `${compound.name} ${address.room}` : '',
        editing: !compound,
        contact: draft.contact || { name: who.name, phone: who.phone || '' },
        form: draft.form || {},
        note: draft.note || '',
      })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
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
    const { id, address, contact, form, note } = this.data
    drafts.keep(`booking.${id}`, { address, contact, form, note })
  },

  async next() {
    const { id, start, address, contact, form, note, service } = this.data
    this.setData({ busy: true, errors: {} })
    try {
      const wanted = { service_id: id, start, hold: true, form, note, address: address || undefined, contact: contact.name || contact.phone ? contact : undefined }
      const held = await bookings.book(wanted)
      wx.navigateTo({ url: `/packages/services/pages/confirm/index?case_no=${held.case_no}` })
    } catch (error) {
      this.setData({ errors: placed(error, service) })
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
