const cases = require('../../../../services/cases')
const complaints = require('../../../../services/complaints')
const ratings = require('../../../../services/ratings')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { buttonsOf, rowsOf, partsOf, quoteOf } = require('../../drawing')

const LOOK_AGAIN_MS = 15000
const VISIT_MOMENTS = ['visit', 'finish', 'progress']
const APPROVAL_MOMENTS = ['approve']
const APPROVAL = 'approval'

Page({
  ...loads,
  caseNo: '',
  whole: false,
  timer: 0,

  data: {
    state: 'loading', error: '', item: null, fresh: false, quote: null, main: [], apart: [], rows: [], parts: [], steps: [],
    rating: /** @type {any} */ ({}), complaint: /** @type {any} */ ({}), busy: false, lacks: false, approval: false, edits: false, story: false,
  },

  /** whole: what every kind has is looked at here, though there is a page of its own. @param {{ case_no: string, fresh?: string, whole?: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
    this.whole = Boolean(query.whole)
    this.setData({ fresh: Boolean(query.fresh) })
    subscriptions.prepare().then(() => this.setData({ lacks: this.lacking() }))
  },

  moments() {
    return this.data.approval ? APPROVAL_MOMENTS : VISIT_MOMENTS
  },

  lacking() {
    return Boolean(this.data.item) && subscriptions.lacks(this.moments()[0])
  },

  onShow() {
    this.load()
    this.timer = setInterval(() => this.refresh(), LOOK_AGAIN_MS)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
  },

  async fetch() {
    const item = await cases.get(this.caseNo)
    if (cases.apart(item.kind) && !this.whole) wx.redirectTo({ url: cases.address(item) })
    else await this.draw(item)
  },

  /** Quietly, while the page lies open: only what has moved is drawn again. */
  async refresh() {
    const item = await cases.get(this.caseNo).catch(() => null)
    const before = this.data.item
    if (!item || !before) return
    if (item.version === before.version) this.setData({ 'item.clock': item.clock })
    else await this.draw(item)
  },

  /** @param {any} item */
  async draw(item) {
    const [history, rating, complaint] = await Promise.all([
      cases.history(item.case_no),
      ratings.sheet(item.case_no).catch(() => ({})),
      complaints.sheet(item.case_no).catch(() => ({})),
    ])
    const approval = item.kind === APPROVAL
    this.setData({
      state: 'ready',
      item,
      approval,
      quote: quoteOf(item),
      ...buttonsOf(item),
      rows: approval ? [] : rowsOf(item),
      parts: partsOf(item),
      steps: history.items,
      rating,
      complaint,
    })
    this.setData({ lacks: this.lacking() })
    wx.setNavigationBarTitle({ title: approval ? item.title : item.kind_text })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async act(event) {
    const { name } = event.currentTarget.dataset
    const action = this.data.item.actions.find((/** @type {any} */ one) => one.name === name)
    await subscriptions.ask(...this.moments())
    if (action.fields.some((/** @type {any} */ field) => field.type !== 'hidden')) {
      wx.navigateTo({ url: `/packages/cases/pages/act/index?case_no=${this.caseNo}&action=${name}` })
      return
    }
    const hint = action.fields.map((/** @type {any} */ field) => field.hint).filter(Boolean).join('\n')
    const { confirm } = await wx.showModal({ title: `${action.text}？`, content: hint || this.data.item.title, confirmText: '是的', cancelText: '再想想' })
    if (confirm) await this.move(name)
  },

  /** @param {string} name */
  async move(name) {
    const { item, quote } = this.data
    const asked = item.actions.find((/** @type {any} */ one) => one.name === name).fields
    const hidden = asked.some((/** @type {any} */ field) => field.name === 'quote_version') ? { quote_version: quote.version } : {}
    this.setData({ busy: true })
    try {
      await this.draw(await cases.move(this.caseNo, name, { version: item.version, ...hidden }))
      wx.showToast({ title: '已办好', icon: 'success' })
    } catch (error) {
      await wx.showModal({ title: '没有办成', content: error.message, showCancel: false })
      if (!error.offline) await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  unfold() {
    this.setData({ story: !this.data.story })
  },

  fill() {
    wx.navigateTo({ url: `/packages/approvals/pages/apply/index?case_no=${this.caseNo}` })
  },

  async remind() {
    await subscriptions.ask(...this.moments())
    this.setData({ lacks: this.lacking() })
  },

  rate() {
    wx.navigateTo({ url: `/packages/cases/pages/rate/index?case_no=${this.caseNo}` })
  },

  complain() {
    wx.navigateTo({ url: `/packages/cases/pages/complain/index?case_no=${this.caseNo}` })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  openCase(event) {
    wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${event.currentTarget.dataset.no}` })
  },
})
