const points = require('../../../../services/points')
const { loads } = require('../../../../utils/loading')
const { entryOf, factsOf } = require('../../drawing')

/** One entry: what it was, and the purchase it came from. */
Page({
  ...loads,
  seq: '',
  whose: '',

  data: { state: 'loading', error: '', entry: /** @type {any} */ (null), facts: /** @type {any[]} */ ([]), lot: '', own: true },

  /** @param {{ seq: string, whose?: string }} query */
  onLoad(query) {
    this.seq = query.seq
    this.whose = query.whose || ''
    this.load()
  },

  async fetch() {
    const opened = await points.entry(this.seq, this.whose)
    this.setData({ state: 'ready', entry: entryOf(opened.entry), facts: factsOf(opened), lot: opened.lot ? opened.lot.text : '', own: !this.whose })
  },

  receipt() {
    wx.navigateTo({ url: `/packages/bills/pages/receipt/index?id=${this.data.entry.payment_id}` })
  },
})
