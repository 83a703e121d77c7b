const accounts = require('../../../../services/bill_accounts')
const bills = require('../../../../services/bills')
const me = require('../../../../services/me')
const proxies = require('../../../../services/proxies')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { iconOf } = require('../../drawing')
const { REMIND } = require('../../saving')

/** Save an account, or change one: whom it is paid to, its number, its name, for whom, and when to be reminded. */
Page({
  ...loads,
  id: '',
  asked: /** @type {{ payee?: string }} */ ({}),

  data: {
    state: 'loading', error: '', old: false, payees: /** @type {any[]} */ ([]), chosen: /** @type {any} */ (null), account: '', label: '', of_text: '',
    people: /** @type {any[]} */ ([]), whose: '', remind: REMIND, days: '3', busy: false, wrong: '', problem: '',
  },

  /** @param {{ id?: string, payee?: string, account?: string, label?: string, whose?: string }} query */
  onLoad(query) {
    this.id = query.id || ''
    this.asked = query
    this.setData({ old: Boolean(this.id), account: query.account || '', label: decodeURIComponent(query.label || ''), whose: query.whose || '' })
    subscriptions.prepare()
    this.load()
  },

  async fetch() {
    await (this.id ? this.loadOld() : this.loadNew())
    this.setData({ state: 'ready' })
  },

  async loadOld() {
    const account = await accounts.get(this.id)
    this.setData({ chosen: { ...account.payee, icon: iconOf(account.payee.kind) }, account: account.account_no, label: account.label, of_text: account.of_text, days: String(account.remind_days) })
  },

  async loadNew() {
    const [payees, mine] = await Promise.all([bills.payees(), me.get()])
    const found = payees.map((/** @type {any} */ one) => ({ ...one, icon: iconOf(one.kind) }))
    this.setData({ payees: found, chosen: found.find((/** @type {any} */ one) => one.id === this.asked.payee) || null, people: await proxies.people(mine.id, 'bills') })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  choose(event) {
    const { id } = event.currentTarget.dataset
    this.setData({ chosen: this.data.payees.find((one) => one.id === id), wrong: '', problem: '' })
  },

  back() {
    this.setData({ chosen: null, wrong: '', problem: '' })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeAccount(event) {
    this.setData({ account: event.detail.value, wrong: '' })
  },

  /** @param {WechatMiniprogram.Input} event */
  typeLabel(event) {
    this.setData({ label: event.detail.value })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  remindOn(event) {
    this.setData({ days: event.detail.value })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  forWhom(event) {
    this.setData({ whose: event.detail.value })
  },

  async save() {
    const { busy, chosen, whose, old } = this.data
    const account = this.data.account.replace(/\s/g, '')
    if (busy) return
    if (!account) return this.setData({ wrong: '请填户号，印在缴费单或者上次的收据上' })
    this.setData({ busy: true, wrong: '', problem: '' })
    await subscriptions.ask('bills')
    const own = { label: this.data.label.trim(), remind_days: Number(this.data.days) }
    try {
      await (old ? accounts.change(this.id, own) : accounts.save({ payee_id: chosen.id, account_no: account, ...own, ...(whose ? { resident_id: whose } : {}) }))
      wx.showToast({ title: '存好了', icon: 'none' })
      this.leave()
    } catch (error) {
      this.setData(error.field === 'account_no' ? { wrong: error.message } : { problem: error.message })
    } finally {
      this.setData({ busy: false })
    }
  },

  async remove() {
    const { confirm } = await wx.showModal({ title: '确定删掉？', content: '新账单不会再自己来，自动缴费也会停止。已有的账单还在', confirmText: '删掉', cancelText: '再想想' })
    if (!confirm) return
    try {
      await accounts.remove(this.id)
      this.leave()
    } catch (error) {
      this.setData({ problem: error.message })
    }
  },

  /** To the list, whether or not one came from there. */
  leave() {
    const before = getCurrentPages().slice(-2)[0]
    if (before && before.route === 'packages/bills/pages/saved/index') wx.navigateBack()
    else wx.redirectTo({ url: '/packages/bills/pages/saved/index' })
  },
})
