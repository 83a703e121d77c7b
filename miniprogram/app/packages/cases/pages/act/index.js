const cases = require('../../../../services/cases')
const catalogue = require('../../../../services/catalogue')
const drafts = require('../../../../services/drafts')

/** Any action that asks for something: its form is drawn from the fields that the server sends with it. */
Page({
  caseNo: '',
  name: '',

  data: {
    state: 'loading', error: '', item: null, action: /** @type {any} */ ({ text: '' }), fields: [], hints: [], slotField: null, days: [], values: {},
    errors: {}, busy: false,
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

  async load() {
    try {
      const item = await cases.get(this.caseNo)
      const action = item.actions.find((/** @type {any} */ one) => one.name === this.name)
      if (!action) throw new Error('这件事刚刚有了变化，请返回看最新的')
      const slotField = action.fields.find((/** @type {any} */ one) => one.type === 'moment') || null
      const days = slotField ? (await catalogue.slots(item.details.service_id)).days : []
      this.setData({
        state: 'ready',
        item,
        action,
        slotField,
        days,
        fields: action.fields.filter((/** @type {any} */ one) => one !== slotField && one.type !== 'hidden'),
        hints: action.fields.filter((/** @type {any} */ one) => one.type === 'hidden' || one === slotField).map((/** @type {any} */ one) => one.hint).filter(Boolean),
        values: drafts.get(this.draft()),
      })
      wx.setNavigationBarTitle({ title: action.text })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
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
      this.setData({ errors: { page: error.message, ...(error.field ? { [error.field]: error.message } : {}) } })
    } finally {
      this.setData({ busy: false })
    }
  },
})
