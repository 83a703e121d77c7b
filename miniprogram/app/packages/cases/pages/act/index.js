const bundles = require('../../../../services/bundles')
const cases = require('../../../../services/cases')
const catalogue = require('../../../../services/catalogue')
const drafts = require('../../../../services/drafts')
const { loads } = require('../../../../utils/loading')

/** Of several things asked for as one, the form is about this one. */
const PART = 'part'

/** Any action that asks for something: its form is drawn from the fields that the server sends with it. */
Page({
  ...loads,
  caseNo: '',
  name: '',

  data: {
    state: 'loading', error: '', item: null, action: /** @type {any} */ ({ text: '' }), fields: [], hints: [], slotField: null, days: [], values: /** @type {any} */ ({}),
    errors: {}, busy: false, parts: /** @type {any[]} */ ([]), services: /** @type {any[]} */ ([]), serviceId: '', serviceFields: [], none: {},
  },

  /** @param {{ case_no: string, action: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    this.name = query.action
    this.load()
  },

  draft() {
    return `act.${this.caseNo}.${this.name}`
  },

  async fetch() {
    const item = await cases.get(this.caseNo)
    const action = item.actions.find((/** @type {any} */ one) => one.name === this.name)
    if (!action) throw new Error('这件事刚刚有了变化，请返回看最新的')
    const slotField = action.fields.find((/** @type {any} */ one) => one.type === 'moment') || null
    this.setData({
      item,
      action,
      slotField,
      fields: action.fields.filter((/** @type {any} */ one) => one !== slotField && one.type !== 'hidden'),
      hints: action.fields.filter((/** @type {any} */ one) => one.type === 'hidden' || one === slotField).map((/** @type {any} */ one) => one.hint).filter(Boolean),
      values: drafts.get(this.draft()),
      parts: action.fields.some((/** @type {any} */ one) => one.name === PART) ? failed(item) : [],
    })
    if (slotField) await this.about(this.data.values)
    this.setData({ state: 'ready' })
    wx.setNavigationBarTitle({ title: action.text })
  },

  /** Which service the times are of; where one of several is asked for anew, which one and by which service. @param {any} values */
  async about(values) {
    const { item, parts } = this.data
    const part = parts.find((one) => one.value === values.part) || parts[0]
    const own = part ? part.service_id : item.details.service_id
    const offered = part ? await offeredFor(item, part.value) : []
    const service = offered.find((one) => one.id === values.service_id)
    const serviceId = service ? service.id : own
    const { days } = await catalogue.slots(serviceId)
    this.setData({
      days,
      serviceId,
      services: offered.map((one) => ({ value: one.id, text: one.name })),
      serviceFields: service && service.id !== own ? service.fields : [],
      values: part ? { ...values, part: part.value, service_id: serviceId } : values,
    })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  choosePart(event) {
    this.turnTo({ part: event.detail.value })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseService(event) {
    this.turnTo({ part: this.data.values.part, service_id: event.detail.value })
  },

  /** @param {Record<string, any>} values */
  async turnTo(values) {
    this.keep(values)
    try {
      await this.about(values)
    } catch (error) {
      this.setData({ errors: { page: error.message } })
    }
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: any }>} event */
  answer(event) {
    this.keep({ ...this.data.values, form: event.detail.values })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: any }>} event */
  change(event) {
    this.keep(event.detail.values)
  },

  /** @param {WechatMiniprogram.CustomEvent<{ start: string }>} event */
  pick(event) {
    this.keep({ ...this.data.values, [this.data.slotField.name]: event.detail.start })
  },

  full() {
    wx.showToast({ title: '这个时间约满了，请选别的', icon: 'none' })
  },

  /** @param {Record<string, any>} values */
  keep(values) {
    this.setData({ values, errors: {} })
    drafts.keep(this.draft(), values)
  },

  async send() {
    const { item, values, action } = this.data
    const missing = action.fields.find((/** @type {any} */ one) => one.required && (values[one.name] === undefined || values[one.name] === ''))
    if (missing) {
      this.setData({ errors: { [missing.name]: `请填写“${missing.label}”`, page: `请填写“${missing.label}”` } })
      return
    }
    this.setData({ busy: true, errors: {} })
    try {
      await cases.move(this.caseNo, this.name, { ...values, version: item.version })
      drafts.drop(this.draft())
      wx.navigateBack()
    } catch (error) {
      const field = (error.field || '').replace('form.', '')
      this.setData({ errors: { page: error.message, ...(field ? { [field]: error.message } : {}) } })
    } finally {
      this.setData({ busy: false })
    }
  },
})

/** What could not be had, as choices. @param {any} item @returns {any[]} */
const failed = ({ details }) => details.parts.filter((/** @type {any} */ one) => one.failed).map((/** @type {any} */ one) => ({ value: one.part, text: one.name, service_id: one.service_id }))

/** What the street offers for this part now; nothing where the whole is offered no more. @param {any} item @param {string} part @returns {Promise<any[]>} */
async function offeredFor(item, part) {
  const bundle = await bundles.get(item.details.bundle_id).catch(() => ({ parts: [] }))
  const offer = bundle.parts.find((/** @type {any} */ one) => one.part === part)
  return offer ? offer.services : []
}
