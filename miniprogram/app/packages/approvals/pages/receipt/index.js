const cases = require('../../../../services/cases')
const { loads } = require('../../../../utils/loading')

/** It is handed in: the number, and what comes next. */
Page({
  ...loads,
  caseNo: '',

  data: { state: 'loading', error: '', item: /** @type {any} */ (null), copied: false },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    this.load()
  },

  async fetch() {
    this.setData({ state: 'ready', item: await cases.get(this.caseNo) })
  },

  copy() {
    wx.setClipboardData({ data: this.caseNo, success: () => this.setData({ copied: true }), fail: () => {} })
  },

  look() {
    wx.redirectTo({ url: `/packages/cases/pages/case/index?case_no=${this.caseNo}` })
  },

  home() {
    wx.switchTab({ url: '/pages/home/index' })
  },
})
