const { address } = require('../../../../services/request')
const drafts = require('../../../../services/drafts')
const subscriptions = require('../../../../services/subscriptions')
const talks = require('../../../../services/talks')
const { when } = require('../../../../utils/time')

const AT_ONCE = 9

/** What resident and staff say to each other on a case. `version` changes when there may be something new. */
Component({
  properties: { caseNo: String, version: Number },
  data: { items: [], next: null, loaded: false, text: '', waiting: [], busy: false, problem: '' },
  observers: {
    'caseNo, version'(/** @type {string} */ caseNo) {
      if (!caseNo) return
      if (!this.data.loaded) this.setData({ text: drafts.get(`talk.${caseNo}`).text || '' })
      this.load()
    },
  },
  methods: {
    async load() {
      try {
        const page = await talks.list(this.data.caseNo)
        this.setData({ items: page.items.map(drawn).reverse(), next: page.next, loaded: true })
        if (page.unread) await talks.read(this.data.caseNo)
      } catch (error) {
        this.setData({ problem: error.message })
      }
    },

    async older() {
      const { caseNo, next, items } = this.data
      const page = await talks.list(caseNo, next).catch(() => null)
      if (page) this.setData({ items: [...page.items.map(drawn).reverse(), ...items], next: page.next })
    },

    /** @param {WechatMiniprogram.Input} event */
    type(event) {
      this.setData({ text: event.detail.value, problem: '' })
      drafts.keep(`talk.${this.data.caseNo}`, { text: event.detail.value })
    },

    async choose() {
      const { tempFiles } = await wx.chooseMedia({ count: AT_ONCE - this.data.waiting.length, mediaType: ['image'] }).catch(() => ({ tempFiles: [] }))
      this.setData({ busy: tempFiles.length > 0, problem: '' })
      for (const file of tempFiles) {
        try {
          const kept = await talks.photo(this.data.caseNo, file.tempFilePath)
          this.setData({ waiting: [...this.data.waiting, { id: kept.id, small: file.tempFilePath }] })
        } catch (error) {
          this.setData({ problem: error.message })
        }
      }
      this.setData({ busy: false })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    drop(event) {
      this.setData({ waiting: this.data.waiting.filter((one) => one.id !== event.currentTarget.dataset.id) })
    },

    async send() {
      const { caseNo, text, waiting } = this.data
      this.setData({ busy: true, problem: '' })
      await subscriptions.ask('talk')
      try {
        await talks.say(caseNo, { text, attachments: waiting.map((one) => one.id) })
        drafts.drop(`talk.${caseNo}`)
        this.setData({ text: '', waiting: [] })
        await this.load()
      } catch (error) {
        this.setData({ problem: error.message })
      } finally {
        this.setData({ busy: false })
      }
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    look(event) {
      wx.previewImage({ urls: [event.currentTarget.dataset.url], fail: () => {} })
    },
  },
})

/** @param {any} talk */
function drawn(talk) {
  const who = talk.mine ? '我' : talk.role && talk.role !== talk.by ? `${talk.by}（${talk.role}）` : talk.by
  return {
    id: talk.id,
    mine: talk.mine,
    text: talk.text,
    line: `${who} · ${when(talk.at)}`,
    photos: talk.attachments
      .filter((/** @type {any} */ one) => one.thumbnail_url)
      .map((/** @type {any} */ one) => ({ id: one.id, small: address(one.thumbnail_url), url: address(one.url) })),
  }
}
