const approvals = require('../../../../services/approvals')
const files = require('../../../../services/files')
const items = require('../../../../services/items')
const { day, when } = require('../../../../utils/time')
const { answersOf, handedOf } = require('../../drawing')

/**
 * Where an approval lies, with whom, what is lacking, what comes next, and its papers. Event `fill`: somebody wants to go on with
 * what is filled in. Nothing here decides anything.
 */
Component({
  properties: { item: { type: Object, value: null }, edits: Boolean },
  data: { notice: /** @type {any} */ (null), verdict: /** @type {any[]} */ ([]), public: '', papers: /** @type {any[]} */ ([]), shown: false, handed: /** @type {any[]} */ ([]), answers: /** @type {any[]} */ ([]), opening: '', problem: '' },
  observers: {
    item(/** @type {any} */ item) {
      if (!item) return
      const { notices, result_text: result, ground, reason } = item.details
      this.setData({
        notice: notices.find((/** @type {any} */ one) => !one.answered) || null,
        public: item.details.publicity_until ? day(item.details.publicity_until) : '',
        verdict: result ? [{ label: '结果', text: result }, { label: '依据', text: ground }, { label: '原因', text: reason }].filter((one) => one.text) : [],
      })
      this.list().catch(() => {})
      if (this.data.shown) this.fetch()
    },
  },
  methods: {
    fill() {
      this.triggerEvent('fill')
    },

    aloud() {
      wx.navigateTo({ url: `/packages/cases/pages/aloud/index?case_no=${this.data.item.case_no}` })
    },

    guide() {
      wx.navigateTo({ url: `/packages/approvals/pages/item/index?code=${this.data.item.details.item_id}` })
    },

    /** What was handed in is fetched when it is asked for. */
    fold() {
      this.setData({ shown: !this.data.shown })
      if (this.data.shown) this.fetch()
    },

    async fetch() {
      const { details } = this.data.item
      const [photos, item] = await Promise.all([
        approvals.photos(this.data.item),
        items.get(details.item_id).catch(() => ({ fields: [] })),
      ])
      this.setData({ handed: details.materials.filter((/** @type {any} */ one) => one.applies).map((/** @type {any} */ one) => handedOf(one, photos)), answers: answersOf(item.fields, details.form) })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    look(event) {
      const { url } = event.currentTarget.dataset
      if (url) wx.previewImage({ urls: [url], fail: () => {} })
    },

    /** The papers as they are now. */
    async list() {
      const papers = await approvals.papers(this.data.item.case_no)
      this.setData({ papers: papers.map((/** @type {any} */ one) => ({ id: one.id, text: one.text, line: one.url ? `${one.number} · ${when(one.at)}` : '正在做，做好就能打开', made: Boolean(one.url) })) })
      return papers
    },

    /** Links end after a while, so a fresh one is asked for. @param {WechatMiniprogram.TouchEvent} event */
    async open(event) {
      const { id } = event.currentTarget.dataset
      this.setData({ opening: id, problem: '' })
      try {
        const { url } = (await this.list()).find((/** @type {any} */ one) => one.id === id)
        if (url) await files.open(url)
      } catch (error) {
        this.setData({ problem: error.message })
      } finally {
        this.setData({ opening: '' })
      }
    },
  },
})
