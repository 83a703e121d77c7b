const approvals = require('../../../../services/approvals')
const files = require('../../../../services/files')
const items = require('../../../../services/items')
const { answersOf, handedOf } = require('../../drawing')

/**
 * Where an approval lies, with whom, what is lacking, what comes next, and its papers. Event `fill`: somebody wants to go on with
 * what is filled in. Nothing here decides anything.
 */
Component({
  properties: { item: { type: Object, value: null }, edits: Boolean },
  data: { notice: /** @type {any} */ (null), verdict: /** @type {any[]} */ ([]), shown: false, handed: /** @type {any[]} */ ([]), answers: /** @type {any[]} */ ([]), opening: '', problem: '' },
  observers: {
    item(/** @type {any} */ item) {
      if (!item) return
      const { notices, result_text: result, ground, reason } = item.details
      this.setData({
        notice: notices.find((/** @type {any} */ one) => !one.answered) || null,
        verdict: result ? [{ label: '结果', text: result }, { label: '依据', text: ground }, { label: '原因', text: reason }].filter((one) => one.text) : [],
      })
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

    /** @param {WechatMiniprogram.TouchEvent} event */
    async open(event) {
      const { url } = event.currentTarget.dataset
      this.setData({ opening: url, problem: '' })
      try {
        await files.open(url)
      } catch (error) {
        this.setData({ problem: error.message })
      } finally {
        this.setData({ opening: '' })
      }
    },
  },
})
