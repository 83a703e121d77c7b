const bills = require('../../../../services/bills')
const me = require('../../../../services/me')
const proxies = require('../../../../services/proxies')
const { loads } = require('../../../../utils/loading')
const { billOf, iconOf } = require('../../drawing')

/** What is there to pay on an account: chosen is whom it is paid to, typed the number on the bill. */
Page({
  ...loads,
  data: {
    state: 'loading', error: '', payees: /** @type {any[]} */ ([]), chosen: /** @type {any} */ (null), account: '', label: '', busy: false, problem: '', wrong: '',
    found: /** @type {any[]} */ ([]), none: false, people: /** @type {any[]} */ ([]), whose: '',
  },

  /** @param {{ payee?: string, account?: string, label?: string }} query */
  onLoad(query) {
    this.asked = query
    this.setData({ account: query.account || '', label: query.label || '' })
    this.load()
  },

  /** @type {{ payee?: string }} */
  asked: {},

  async fetch() {
    const payees = (await bills.payees()).map((one) => ({ ...one, icon: iconOf(one.kind) }))
    const chosen = payees.find((one) => one.id === this.asked.payee) || null
    this.setData({ payees, chosen, people: await proxies.people((await me.get()).id, 'bills'), state: payees.length ? 'ready' : 'empty' })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    const { id } = event.currentTarget.dataset
    this.setData({ chosen: this.data.payees.find((one) => one.id === id), found: [], none: false, problem: '', wrong: '' })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  forWhom(event) {
    this.setData({ whose: event.detail.value, found: [], none: false, problem: '' })
  },

  /** Another of them. */
  back() {
    this.setData({ chosen: null, found: [], none: false, problem: '', wrong: '' })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeAccount(event) {
    this.setData({ account: event.detail.value, problem: '', wrong: '', found: [], none: false })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeLabel(event) {
    this.setData({ label: event.detail.value })
  },

  async look() {
    const { chosen, busy } = this.data
    const account = this.data.account.replace(/\s/g, '')
    if (busy) return
    if (!account) return this.setData({ wrong: '请填户号，印在缴费单或者上次的收据上' })
    this.setData({ busy: true, problem: '', wrong: '', found: [], none: false })
    try {
      const found = await bills.lookUp({ payee_id: chosen.id, account_no: account, label: this.data.label.trim(), ...(this.data.whose ? { resident_id: this.data.whose } : {}) })
      this.setData({ found: found.map(billOf), none: !found.length })
    } catch (error) {
      this.setData(error.field === 'account_no' ? { wrong: error.message } : { problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  /** So that its next bills come by themselves. */
  save() {
    const { chosen, account, label, whose } = this.data
    wx.navigateTo({ url: `/packages/bills/pages/edit/index?payee=${chosen.id}&account=${encodeURIComponent(account.replace(/\s/g, ''))}&label=${encodeURIComponent(label.trim())}&whose=${whose}` })
  },

  call() {
    wx.makePhoneCall({ phoneNumber: this.data.chosen.phone, fail: () => {} })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  open(event) {
    wx.redirectTo({ url: `/packages/bills/pages/pay/index?id=${event.currentTarget.dataset.id}` })
  },
})
