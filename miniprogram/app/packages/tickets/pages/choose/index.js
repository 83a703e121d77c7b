const cases = require('../../../../services/cases')
const drafts = require('../../../../services/drafts')
const { loads } = require('../../../../utils/loading')
const { fenOf } = require('../../../../utils/money')
const { askedOf, ticketOf } = require('../../drawing')

/** A move that is about some of the passengers, such as giving tickets back, or about money: who, and what else it asks for; money is written in yuan. */
Page({
  ...loads,
  caseNo: '',
  name: '',

  data: {
    state: 'loading', error: '', item: /** @type {any} */ (null), action: /** @type {any} */ ({ text: '' }), some: '', hint: '', tickets: /** @type {any[]} */ ([]), fields: /** @type {any[]} */ ([]), values: /** @type {any} */ ({}),
    chosen: /** @type {string[]} */ ([]), money: /** @type {string[]} */ ([]), errors: /** @type {any} */ ({}), busy: false,
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
    const { some, typed, money } = askedOf(action, item.details)
    const kept = drafts.get(this.draft())
    const field = action.fields.find((/** @type {any} */ one) => one.name === some)
    const fields = typed.map((/** @type {any} */ one) => (money.includes(one.name) ? { ...one, label: one.label.replace('（分）', '（元）'), type: 'text', max: 9 } : one))
    this.setData({ state: 'ready', item, action, some, money, hint: field ? field.hint : '', fields, values: kept.values || {} })
    this.draw(kept.chosen || [])
    wx.setNavigationBarTitle({ title: action.text })
  },

  /** @param {string[]} chosen */
  draw(chosen) {
    const { details } = this.data.item
    const held = details.passengers.filter((/** @type {any} */ one) => one.number).map((/** @type {any} */ one) => ({ ...ticketOf(one, details), on: chosen.includes(one.id) }))
    this.setData({ tickets: held, chosen: held.filter((/** @type {any} */ one) => one.on).map((/** @type {any} */ one) => one.id), errors: {} })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  tick(event) {
    const { id } = event.currentTarget.dataset
    const { chosen } = this.data
    this.draw(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])
    this.keep()
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: any }>} event */
  change(event) {
    this.setData({ values: event.detail.values, errors: {} })
    this.keep()
  },

  keep() {
    drafts.keep(this.draft(), { chosen: this.data.chosen, values: this.data.values })
  },

  async send() {
    const { chosen, values, some, money, item, busy } = this.data
    if (busy) return
    if (some && !chosen.length) return this.setData({ errors: { page: '请选是哪几个人' } })
    const amounts = money.map((name) => [name, fenOf(String(values[name] || ''))])
    const wrong = amounts.find(([, fen]) => !fen)
    if (wrong) return this.setData({ errors: { [String(wrong[0])]: '请填数字，例如 300 或 300.50' } })
    this.setData({ busy: true, errors: {} })
    try {
      await cases.move(this.caseNo, this.name, { ...values, ...Object.fromEntries(amounts), ...(some ? { [some]: chosen } : {}), version: item.version })
      drafts.drop(this.draft())
      wx.navigateBack()
    } catch (error) {
      this.setData({ errors: { [error.field || 'page']: error.message, page: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },
})
