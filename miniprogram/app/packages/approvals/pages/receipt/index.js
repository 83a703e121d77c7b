const cases = require('../../../../services/cases')

/** It is handed in: the number, and what comes next. */
Page({
  caseNo: '',

  data: { state: 'loading', error: '', item: /** @type {any} */ (null), copied: false },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    this.load()
  },

  async load() {
    try {
      this.setData({ state: 'ready', item: await cases.get(this.caseNo) })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
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
