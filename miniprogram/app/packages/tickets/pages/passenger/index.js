const passengers = require('../../../../services/passengers')
const { KINDS, plain, wrongWith } = require('../../papers')

/** Somebody who travels. What is kept of them is shown masked; whoever changes a number writes it anew. */
Page({
  id: '',

  data: {
    state: 'loading', error: '', old: /** @type {any} */ (null), kinds: KINDS, kind: KINDS[0].value, name: '', number: '', phone: '', errors: /** @type {any} */ ({}), busy: false,
  },

  /** @param {{ id?: string }} query */
  onLoad(query) {
    this.id = query.id || ''
    this.load()
  },

  async load() {
    try {
      const old = this.id ? (await passengers.all()).find((one) => one.id === this.id) : null
      if (this.id && !old) throw new Error('这位乘客已经删掉了')
      this.setData({ state: 'ready', old, ...(old ? { kind: old.id_kind } : {}) })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  choose(event) {
    this.setData({ kind: event.detail.value, errors: {} })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.setData({ [event.currentTarget.dataset.name]: event.detail.value, errors: {} })
  },

  /** Only what was written: what is empty stays as it is kept. */
  lacking() {
    const { name, kind, number, old } = this.data
    const errors = /** @type {Record<string, string>} */ ({})
    if (!old && !name.trim()) errors.name = '请填姓名，要和证件上一样'
    const wrong = old && !number.trim() && old.id_kind === kind ? '' : wrongWith(kind, number)
    if (wrong) errors.id_no = wrong
    return errors
  },

  async save() {
    const { name, kind, number, phone, old, busy } = this.data
    const errors = this.lacking()
    if (Object.keys(errors).length) return this.setData({ errors: { ...errors, page: Object.values(errors)[0] } })
    if (busy) return
    this.setData({ busy: true, errors: {} })
    const told = { ...(name.trim() ? { name: name.trim() } : {}), ...(number.trim() ? { id_kind: kind, id_no: plain(number) } : {}), ...(phone.trim() ? { phone: phone.trim() } : {}) }
    try {
      await (old ? passengers.change(this.id, told) : passengers.add(told))
      wx.navigateBack()
    } catch (error) {
      this.setData({ errors: { ...(error.field ? { [error.field]: error.message } : {}), page: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },

  async remove() {
    const { confirm } = await wx.showModal({ title: '删掉这位乘客？', content: '已经订的票不受影响', confirmText: '删掉', cancelText: '再想想' })
    if (!confirm) return
    try {
      await passengers.remove(this.id)
      wx.navigateBack()
    } catch (error) {
      this.setData({ errors: { page: error.message } })
    }
  },
})
