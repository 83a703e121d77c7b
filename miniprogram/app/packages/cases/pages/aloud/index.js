const cases = require('../../../../services/cases')
const { loads } = require('../../../../utils/loading')

/** Where an approval stands as one sentence in very large letters: to be read out by whoever is near, or by the phone. */
Page({
  ...loads,
  caseNo: '',

  data: { state: 'loading', error: '', text: '', copied: false },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    this.load()
  },

  async fetch() {
    const { details } = await cases.get(this.caseNo)
    this.setData({ state: details.aloud ? 'ready' : 'empty', text: details.aloud || '' })
  },

  copy() {
    wx.setClipboardData({ data: this.data.text, success: () => this.setData({ copied: true }), fail: () => {} })
  },
})
