const announcements = require('../../../../services/announcements')
const { address } = require('../../../../services/request')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { when } = require('../../../../utils/time')
const { commented, commenting } = require('../../commenting')

Page({
  ...loads,
  ...commenting,
  id: '',

  data: { state: 'loading', error: '', one: /** @type {any} */ (null), pictures: /** @type {any[]} */ ([]), lacks: false, ...commented },

  /** @param {{ id: string }} query */
  onLoad(query) {
    this.id = query.id
    this.load()
    subscriptions.prepare().then(() => this.asked())
  },

  async fetch() {
    const one = await announcements.get(this.id)
    this.setData({
      state: 'ready',
      pictures: one.images.map((/** @type {any} */ each) => ({ id: each.id, url: address(each.url) })),
      one: {
        title: one.title,
        text: one.text,
        line: `${one.publisher} · ${when(one.published_at)}`,
        whom: one.audience.text,
        corrected: one.corrected_at && one.correction_note ? `${when(one.corrected_at)} 更正：${one.correction_note}` : '',
        withdrawn: one.withdrawn_at ? `${when(one.withdrawn_at)} 撤回：${one.withdraw_reason}` : '',
      },
    })
    if (one.unread) this.read(one.edition)
    if (one.withdrawn_at) this.setData({ comments: null, unreadable: false })
    else await this.readComments(one.comments)
  },

  /** When the server cannot hear of it now, it is so the next time. @param {number} edition */
  read(edition) {
    announcements.read(this.id, edition).catch(() => {})
  },

  /** Whether the next announcement would not be told to them. */
  asked() {
    this.setData({ lacks: subscriptions.lacks('announcements') })
  },

  async tellMe() {
    await subscriptions.ask('announcements')
    this.asked()
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  look(event) {
    wx.previewImage({ current: event.currentTarget.dataset.url, urls: this.data.pictures.map((one) => one.url), fail: () => {} })
  },
})
