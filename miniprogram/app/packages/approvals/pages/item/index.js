const { address } = require('../../../../services/request')
const items = require('../../../../services/items')
const { loads } = require('../../../../utils/loading')
const { deliveries } = require('../../words')

/**
 * Whether it fits whoever looks; nobody can tell where it is null.
 * @type {Record<string, { icon: string, colour: string }>}
 */
const SIGNS = { true: { icon: 'check', colour: 'primary' }, false: { icon: 'triangle-alert', colour: 'amber' }, null: { icon: 'info', colour: 'quiet' } }

/** The guide of one item: who it is for, what it takes, how long it lasts. Hints advise; nobody is turned away here. */
Page({
  ...loads,
  data: { state: 'loading', error: '', code: '', item: /** @type {any} */ (null), facts: /** @type {any[]} */ ([]), hints: /** @type {any[]} */ ([]), doubtful: false, materials: /** @type {any[]} */ ([]), lawShown: false },

  /** @param {{ code: string }} query */
  onLoad({ code }) {
    this.setData({ code })
    this.load()
  },

  async fetch() {
    const item = await items.get(this.data.code)
    this.setData({
      state: 'ready',
      item,
      facts: factsOf(item),
      hints: item.hints.map((/** @type {any} */ one) => ({ text: one.text, doubtful: one.fits === false, ...SIGNS[String(one.fits)] })),
      doubtful: item.hints.some((/** @type {any} */ one) => one.fits === false),
      materials: item.materials.map(materialOf),
    })
    wx.setNavigationBarTitle({ title: item.name })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  sample(event) {
    wx.previewImage({ urls: [event.currentTarget.dataset.url], fail: () => {} })
  },

  fold() {
    this.setData({ lawShown: !this.data.lawShown })
  },

  apply() {
    wx.navigateTo({ url: `/packages/approvals/pages/apply/index?code=${this.data.code}` })
  },
})

/** @param {any} item */
function factsOf(item) {
  return [
    { icon: 'clock', label: '多久', text: item.limit_text },
    { icon: 'wallet', label: '收费', text: item.fee_text },
    { icon: 'map-pin', label: '要跑', text: item.visits_text },
    { icon: 'file-check', label: '办成后', text: item.result_text },
    { icon: 'package', label: '怎么拿', text: deliveries(item.deliveries).map((one) => one.text).join('、') },
    { icon: 'store', label: '谁来办', text: item.level_text },
  ].filter((one) => one.text)
}

/** @param {any} one */
function materialOf(one) {
  const when = one.when_text || (one.required ? '' : '可以不交')
  return { key: one.key, name: one.name, when, line: one.copies_text, issuedBy: one.issued_by, hint: one.hint, sample: one.sample_url ? address(one.sample_url) : '' }
}
