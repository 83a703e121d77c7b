const me = require('../../../../services/me')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')

Page({
  ...loads,
  data: { state: 'loading', error: '', name: '', birthYear: '', household: null, disability: null, errors: {}, busy: false },

  onLoad() {
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    const who = await me.get()
    this.setData({ state: 'ready', name: who.name, birthYear: who.birth_year || '', household: who.household, disability: who.disability })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeName(event) {
    this.setData({ name: event.detail.value, errors: {} })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeYear(event) {
    this.setData({ birthYear: event.detail.value, errors: {} })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: any }>} event */
  moved(event) {
    this.setData({ household: event.detail.value, errors: {} })
  },

  async drop() {
    const { confirm } = await wx.showModal({ title: '删掉残疾人证的登记？', content: '以后预约按没有登记的价格算。想再用，请带证到社区窗口。', confirmText: '删掉', cancelText: '不删' })
    if (!confirm) return
    this.setData({ busy: true })
    try {
      await me.dropDisability()
      this.setData({ disability: null })
    } catch (error) {
      this.setData({ errors: { page: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },

  async save() {
    const { name, birthYear, household } = this.data
    /** @type {Record<string, any>} */
    const changes = { name: name.trim(), birth_year: birthYear ? Number(birthYear) : null }
    if (household) changes.household = { compound_id: household.compound_id, room: household.room }
    this.setData({ busy: true, errors: {} })
    await subscriptions.ask('profile')
    try {
      await me.change(changes)
      wx.showToast({ title: '已保存', icon: 'success' })
      wx.navigateBack({ fail: () => wx.switchTab({ url: '/pages/me/index' }) })
    } catch (error) {
      const field = (error.field || 'page').split('.')[0]
      const told = error.code === 'invalid' ? { name: '请填写姓名', birth_year: '请填写四位数的年份，例如 1953' }[field] : ''
      this.setData({ errors: { [field]: told || error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },
})
