const points = require('../../../../services/points')
const { entryOf, factsOf } = require('../../drawing')

/** One entry: what it was, and the purchase it came from. */
Page({
  seq: '',
  whose: '',

  data: { state: 'loading', error: '', entry: /** @type {any} */ (null), facts: /** @type {any[]} */ ([]), lot: '', own: true },

  /** @param {{ seq: string, whose?: string }} query */
  onLoad(query) {
    this.seq = query.seq
    this.whose = query.whose || ''
    this.load()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    if (this.data.state === 'error') this.setData({ state: 'loading' })
    try {
      const opened = await points.entry(this.seq, this.whose)
      this.setData({ state: 'ready', entry: entryOf(opened.entry), facts: factsOf(opened), lot: opened.lot ? opened.lot.text : '', own: !this.whose })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  receipt() {
    wx.navigateTo({ url: `/packages/bills/pages/receipt/index?id=${this.data.entry.payment_id}` })
  },
})
