const complaints = require('../../../../services/complaints')
const drafts = require('../../../../services/drafts')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')

Page({
  ...loads,
  caseNo: '',

  data: { state: 'loading', error: '', reasons: [], reason: '', text: '', problem: '', busy: false },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const sheet = await complaints.sheet(this.caseNo)
    if (!sheet.can_complain) throw new Error('这件事现在不能投诉，可以在办件里留言')
    this.setData({ state: 'ready', reasons: sheet.reasons, ...drafts.get(`complaint.${this.caseNo}`) })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    this.keep({ reason: event.currentTarget.dataset.name })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.keep({ text: event.detail.value })
  },

  /** @param {Record<string, any>} news */
  keep(news) {
    this.setData({ ...news, problem: '' })
    const { reason, text } = this.data
    drafts.keep(`complaint.${this.caseNo}`, { reason, text })
  },

  async send() {
    const { reason, text } = this.data
    this.setData({ busy: true, problem: '' })
    await subscriptions.ask('complain')
    try {
      const filed = await complaints.file({ case_no: this.caseNo, reason, text })
      drafts.drop(`complaint.${this.caseNo}`)
      wx.redirectTo({ url: `/packages/cases/pages/case/index?case_no=${filed.case_no}` })
    } catch (error) {
      this.setData({ problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },
})
