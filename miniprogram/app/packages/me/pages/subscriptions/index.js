const subscriptions = require('../../../../services/subscriptions')

const AT_ONCE = 3

Page({
  data: { state: 'loading', error: '', moments: [] },

  onShow() {
    this.load()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    try {
      const items = await subscriptions.list()
      this.setData({ state: items.length ? 'ready' : 'empty', moments: grouped(items) })
    } catch (error) {
      this.setData({ state: 'error', error: error.message })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async ask(event) {
    const group = this.data.moments[event.currentTarget.dataset.moment]
    await subscriptions.askFor(group.templates.map((/** @type {any} */ one) => one.template_id))
    await this.load()
  },
})

/** As many as may be asked for at once, those with the fewest left first. @param {any[]} items */
function grouped(items) {
  const drawn = items.map((one) => ({ ...one, ...standing(one) })).sort((one, other) => one.credits - other.credits)
  const groups = []
  for (let index = 0; index < drawn.length; index += AT_ONCE) groups.push({ moment: groups.length, templates: drawn.slice(index, index + AT_ONCE) })
  return groups
}

/** @param {{ credits: number, state: string }} one */
function standing({ credits, state }) {
  if (state === 'banned') return { text: '已停用', tone: 'grey' }
  return credits ? { text: `还能提醒 ${credits} 次`, tone: 'active' } : { text: '没有次数了', tone: 'grey' }
}
