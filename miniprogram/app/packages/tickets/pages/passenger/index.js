const passengers = require('../../../../services/passengers')
const { loads } = require('../../../../utils/loading')
const { plain, wrongWith } = require('../../papers')

/** Somebody who travels. What is kept of them is shown masked; whoever changes a number writes it anew. */
Page({
  ...loads,
  id: '',

  data: {
    state: 'loading', error: '', old: /** @type {any} */ (null), papers: /** @type {any[]} */ ([]), paper: /** @type {any} */ (null), today: '', name: '', number: '', birthday: '', phone: '', relation: '',
    errors: /** @type {any} */ ({}), busy: false,
  },

  /** @param {{ id?: string }} query */
  onLoad(query) {
    this.id = query.id || ''
    this.load()
  },

  async fetch() {
    const [papers, known] = await Promise.all([passengers.papers(), this.id ? passengers.all() : []])
    const old = known.find((one) => one.id === this.id) || null
    if (this.id && !old) throw new Error('这位乘客已经删掉了')
    const chosen = papers.find((/** @type {any} */ one) => old && one.value === old.id_kind)
    this.setData({ state: 'ready', old, papers, paper: chosen || papers[0], relation: old ? old.relation : '', today: new Date().toISOString().slice(0, 10) })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  choose(event) {
    this.setData({ paper: this.data.papers[Number(event.detail.value)], errors: {} })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.setData({ [event.currentTarget.dataset.name]: event.detail.value, errors: {} })
  },

  /** @param {WechatMiniprogram.PickerChange} event */
  born(event) {
    this.setData({ birthday: String(event.detail.value), errors: {} })
  },

  /** What was not written stays as it is kept. */
  lacking() {
    const { name, paper, number, old } = this.data
    const errors = /** @type {Record<string, string>} */ ({})
    if (!old && !name.trim()) errors.name = '请填姓名，要和证件上一样'
    const wrong = old && !number.trim() && old.id_kind === paper.value ? '' : wrongWith(paper, number)
    if (wrong) errors.id_no = wrong
    return errors
  },

  /** As the server takes it. */
  written() {
    const { name, paper, number, phone, birthday, relation } = this.data
    return {
      relation: relation.trim(),
      ...(name.trim() ? { name: name.trim() } : {}),
      ...(number.trim() ? { id_kind: paper.value, id_no: plain(number) } : {}),
      ...(phone.trim() ? { phone: phone.trim() } : {}),
      ...(birthday && !paper.has_birthday ? { birthday } : {}),
    }
  },

  async save() {
    const { old, busy } = this.data
    const errors = this.lacking()
    if (Object.keys(errors).length) return this.setData({ errors: { ...errors, page: Object.values(errors)[0] } })
    if (busy) return
    this.setData({ busy: true, errors: {} })
    try {
      await (old ? passengers.change(this.id, this.written()) : passengers.add(this.written()))
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
