const me = require('../../../../services/me')
const points = require('../../../../services/points')
const { loads } = require('../../../../utils/loading')

const LOST = '居民在手机上挂失'

/** My card: taken with the window's code, reported lost. */
Page({
  ...loads,
  data: { state: 'loading', error: '', name: '', card: /** @type {any} */ (null), number: '', code: '', wrong: /** @type {any} */ ({}), busy: false },

  onLoad() {
    this.load()
  },

  async fetch() {
    const [{ card }, who] = await Promise.all([points.get(), me.get()])
    this.setData({ state: 'ready', name: who.name, card })
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    this.setData({ [event.currentTarget.dataset.name]: event.detail.value, wrong: {} })
  },

  async claim() {
    const number = this.data.number.replace(/\s/g, '')
    const code = this.data.code.trim()
    if (!/^\d{12,19}$/.test(number)) return this.setData({ wrong: { number: '卡号是卡面上 12 到 19 位的数字' } })
    if (!/^\d{3} ?\d{3}$/.test(code)) return this.setData({ wrong: { code: '领卡码是窗口给您的 6 位数字' } })
    this.setData({ busy: true, wrong: {} })
    try {
      this.setData({ card: await points.claim({ number, code }), number: '', code: '' })
      wx.showToast({ title: '卡已领好', icon: 'success' })
    } catch (error) {
      this.setData({ wrong: { [['number', 'code'].includes(error.field) ? error.field : 'whole']: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },

  async lost() {
    const { confirm } = await wx.showModal({ title: '确定挂失？', content: '挂失后不能用积分付款。找到了，要到社区窗口才能解除。', confirmText: '挂失', cancelText: '再找找' })
    if (!confirm) return
    this.setData({ busy: true })
    try {
      this.setData({ card: await points.lost(LOST) })
      wx.showToast({ title: '已挂失', icon: 'success' })
    } catch (error) {
      await wx.showModal({ title: '没有挂失', content: error.message, showCancel: false })
      if (!error.offline) await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },
})
