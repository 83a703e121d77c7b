const files = require('../../../../services/files')
const points = require('../../../../services/points')
const { loads } = require('../../../../utils/loading')
const { yuan } = require('../../../../utils/money')
const { billsOf, entryOf, linesOf } = require('../../drawing')

/** The mark by which a spreadsheet knows the letters of a table. */
const MARK = '\ufeff'

/** A month's statement: what there was, what came, what went, what there is; as PDF and as table, too. */
Page({
  ...loads,
  month: '',
  whose: '',
  text: '',

  data: {
    state: 'loading', error: '', told: /** @type {any} */ (null), lines: /** @type {any[]} */ ([]), bills: /** @type {any[]} */ ([]), notes: /** @type {string[]} */ ([]), own: true,
    entries: /** @type {any[]} */ ([]), next: null, more: false, drawing: false, busy: false, file: /** @type {any} */ (null),
  },

  /** @param {{ month: string, whose?: string }} query */
  onLoad(query) {
    this.month = query.month
    this.whose = query.whose || ''
    this.load()
  },

  onUnload() {
    if (this.data.file) files.remove(this.data.file.path)
  },

  async fetch() {
    const { month, whose } = this
    const [told, first] = await Promise.all([points.statement(month, whose), points.entries({ whose, month })])
    this.setData({ state: 'ready', told, lines: linesOf(told), bills: billsOf(told), notes: notesOf(told), own: !whose, entries: first.items.map(entryOf), next: first.next, file: null })
  },

  async onReachBottom() {
    const { next, more, entries } = this.data
    if (!next || more) return
    this.setData({ more: true })
    try {
      const page = await points.entries({ whose: this.whose, month: this.month, cursor: next })
      this.setData({ entries: [...entries, ...page.items.map(entryOf)], next: page.next })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },

  async paper() {
    this.setData({ drawing: true })
    await points.paper(this.month, this.whose).catch(tell)
    this.setData({ drawing: false })
  },

  async table() {
    this.setData({ busy: true })
    try {
      const text = await points.table(this.month, this.whose)
      this.text = text.startsWith(MARK) ? text : MARK + text
      const name = `积分对账单-${this.month}.csv`
      this.setData({ file: { path: await files.save(`points-${this.month}.csv`, this.text), name } })
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  /** A tap of its own, as a phone shares nothing without one. */
  async send() {
    const { path, name } = this.data.file
    try {
      const done = await files.send(path, name, this.text)
      if (done === 'copied') wx.showToast({ title: '这部手机不能发文件，内容已复制', icon: 'none' })
    } catch (error) {
      tell(error)
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.navigateTo({ url: `/packages/points/pages/entry/index?seq=${event.currentTarget.dataset.seq}&whose=${this.whose}` })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  receipt(event) {
    if (this.data.own) wx.navigateTo({ url: `/packages/bills/pages/receipt/index?id=${event.currentTarget.dataset.id}` })
  },
})

/** @param {any} told */
const notesOf = (told) => [
  told.swipes.count ? told.swipes.text : '',
  told.held_fen ? `另有 ${yuan(told.held_fen)} 分正在付款` : '',
  told.owed_fen ? `因退货还欠 ${yuan(told.owed_fen)} 分，下次积分先补上` : '',
].filter(Boolean)

/** @param {any} error */
const tell = (error) => wx.showModal({ title: '没有办成', content: error.message, showCancel: false })
