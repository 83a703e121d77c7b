const cases = require('../../../../services/cases')
const drafts = require('../../../../services/drafts')
const ratings = require('../../../../services/ratings')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')

Page({
  ...loads,
  caseNo: '',

  data: { state: 'loading', error: '', title: '', sheet: {}, stars: 0, dimensions: {}, chosen: {}, text: '', problem: '', busy: false },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const [item, sheet] = await Promise.all([cases.get(this.caseNo), ratings.sheet(this.caseNo)])
    if (!sheet.can_rate) throw new Error(sheet.rating ? '您已经评过了，谢谢' : '现在还不能评价')
    const draft = drafts.get(`rating.${this.caseNo}`)
    this.setData({ state: 'ready', title: item.title, sheet, ...draft })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: number }>} event */
  whole(event) {
    this.keep({ stars: event.detail.value })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: number }>} event */
  one(event) {
    this.keep({ dimensions: { ...this.data.dimensions, [event.currentTarget.dataset.name]: event.detail.value } })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  tag(event) {
    const { tag } = event.currentTarget.dataset
    this.keep({ chosen: { ...this.data.chosen, [tag]: !this.data.chosen[tag] } })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.keep({ text: event.detail.value })
  },

  /** @param {Record<string, any>} news */
  keep(news) {
    this.setData({ ...news, problem: '' })
    const { stars, dimensions, chosen, text } = this.data
    drafts.keep(`rating.${this.caseNo}`, { stars, dimensions, chosen, text })
  },

  async send() {
    const { stars, dimensions, chosen, text } = this.data
    const tags = Object.keys(chosen).filter((name) => chosen[name])
    this.setData({ busy: true, problem: '' })
    await subscriptions.ask('rate')
    try {
      await ratings.give(this.caseNo, { stars, dimensions, tags, text })
      drafts.drop(`rating.${this.caseNo}`)
      wx.showToast({ title: '谢谢您的评价', icon: 'success' })
      wx.navigateBack()
    } catch (error) {
      this.setData({ problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },
})
