/**
 * For pages that show what the server says: `...loads` beside a method `fetch`, which asks and shows. A page is loaded again
 * when it is pulled down and by "try again"; what went wrong stands in its frame.
 */
const loads = {
  async load() {
    if (this.data.state === 'error') this.setData({ state: 'loading' })
    try {
      await this.fetch()
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },
}

/** And whenever it is seen again: what it shows may be another now. */
const loadsWhenShown = {
  ...loads,

  onShow() {
    this.load()
  },
}

module.exports = { loads, loadsWhenShown }
