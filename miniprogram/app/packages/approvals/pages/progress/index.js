const approvals = require('../../../../services/approvals')

/** Where something stands, for whoever holds the receipt: nobody has to sign in for it. */
Page({
  data: { caseNo: '', tail: '', busy: false, problem: '', found: /** @type {any} */ (null) },

  /** @param {{ case_no?: string }} query */
  onLoad(query) {
    this.setData({ caseNo: query.case_no || '' })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeNumber(event) {
    this.setData({ caseNo: event.detail.value, problem: '' })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeTail(event) {
    this.setData({ tail: event.detail.value, problem: '' })
  },

  async look() {
    const caseNo = this.data.caseNo.trim().toUpperCase()
    const tail = this.data.tail.trim()
    if (!caseNo || !/^\d{4}$/.test(tail)) {
      this.setData({ problem: caseNo ? '请填手机号的后四位数字' : '请填办件编号，在回执上' })
      return
    }
    this.setData({ busy: true, problem: '' })
    try {
      this.setData({ found: await approvals.progress(caseNo, tail) })
    } catch (error) {
      this.setData({ found: null, problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },
})
