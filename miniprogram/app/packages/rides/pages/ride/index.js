const cases = require('../../../../services/cases')
const complaints = require('../../../../services/complaints')
const positions = require('../../../../services/positions')
const ratings = require('../../../../services/ratings')
const { loads } = require('../../../../utils/loading')
const asking = require('../../asking')
const { driverOf, dueOf, fareOf, leftOf, mapOf, rowsOf, waitingOf, whereOf } = require('../../drawing')

const LOOK_AGAIN_MS = 4000
const TICK_MS = 1000

/** One ride from the tap until it is paid and rated: where it stands, where the car is, what can be done now. */
Page({
  ...loads,
  caseNo: '',
  looking: 0,
  ticking: 0,
  line: /** @type {{ stop: () => void } | null} */ (null),
  position: /** @type {any} */ (null),
  /** The version of the ride at which there was no car to follow: it is not tried again until something has changed. */
  ended: 0,

  data: {
    state: 'loading', error: '', item: /** @type {any} */ (null), driver: /** @type {any} */ (null), fare: /** @type {any} */ (null), due: /** @type {any} */ ({}), rows: /** @type {any[]} */ ([]),
    main: /** @type {any[]} */ ([]), apart: /** @type {any[]} */ ([]), map: /** @type {any} */ (null), where: /** @type {any} */ (null), waiting: /** @type {any} */ (null), offerLeft: '',
    searching: false, code: '', link: '', again: false, rating: /** @type {any} */ ({}), complaint: /** @type {any} */ ({}), busy: false,
  },

  /** @param {{ case_no: string }} query */
  onLoad(query) {
    this.caseNo = query.case_no
  },

  onShow() {
    this.load()
    clearInterval(this.looking)
    clearInterval(this.ticking)
    this.looking = setInterval(() => this.look(), LOOK_AGAIN_MS)
    this.ticking = setInterval(() => this.tick(), TICK_MS)
  },

  /** Nobody looks: no line, no questions, until somebody looks again. */
  onHide() {
    clearInterval(this.looking)
    clearInterval(this.ticking)
    this.leave()
  },

  onUnload() {
    this.onHide()
  },

  async load() {
    try {
      await this.draw(await cases.get(this.caseNo))
    } catch (error) {
      if (this.data.state === 'loading' || error.status === 404) this.setData({ state: 'error', error: error.message })
    }
  },

  /** Quietly: only what has moved is drawn again. What is over moves no more, except that its bill comes and is paid. */
  async look() {
    const { item } = this.data
    if (!item || !(item.open || (item.details.owed_fen && !item.details.paid))) return
    const found = await cases.get(this.caseNo).catch(() => null)
    if (found && (found.version !== this.data.item.version || found.sentence !== this.data.item.sentence || found.details.paid !== this.data.item.details.paid)) await this.draw(found)
  },

  /** @param {any} item */
  async draw(item) {
    const { details, open } = item
    const [rating, complaint] = await Promise.all([ratings.sheet(item.case_no).catch(() => ({})), complaints.sheet(item.case_no).catch(() => ({}))])
    if (!details.can_follow) this.position = null
    this.setData({
      state: 'ready',
      item,
      driver: driverOf(item),
      fare: fareOf(item),
      due: dueOf(item),
      rows: rowsOf(item),
      main: item.actions.filter((/** @type {any} */ one) => !one.danger),
      apart: item.actions.filter((/** @type {any} */ one) => one.danger),
      searching: open && !details.driver && Boolean(details.searching_text),
      code: open && !details.boarded_at ? details.code || '' : '',
      link: open ? positions.linkOf(item.case_no) : '',
      again: !open && !details.boarded_at,
      rating,
      complaint,
    })
    this.place()
    this.tick()
    if (details.can_follow && item.version !== this.ended) this.follow()
    else this.leave()
  },

  follow() {
    if (this.line) return
    this.line = positions.follow(this.caseNo, {
      moved: (position) => {
        this.position = position
        this.place()
      },
      over: () => {
        this.ended = this.data.item.version
        this.leave()
        this.load()
      },
    })
  },

  leave() {
    if (this.line) this.line.stop()
    this.line = null
  },

  /** The map is there while somebody comes or drives. */
  place() {
    const { item } = this.data
    const { details } = item
    const seen = details.can_follow && (details.pickup.spot || this.position)
    const map = seen ? mapOf(details, this.position, this.data.map) : null
    this.setData({ ...(map && this.data.map && map.way === this.data.map.way ? { 'map.markers': map.markers } : { map }), where: seen && this.position ? whereOf(this.position) : null })
  },

  tick() {
    const { item } = this.data
    if (!item) return
    const waiting = waitingOf(item.details)
    const news = { waiting, offerLeft: item.open ? leftOf(item.details.offer_until) : '', ...(this.data.where && this.position ? { where: whereOf(this.position) } : {}) }
    this.setData(news)
  },

  call() {
    wx.makePhoneCall({ phoneNumber: this.data.driver.phone, fail: () => {} })
  },

  callOffice() {
    wx.makePhoneCall({ phoneNumber: this.data.item.details.help_phone, fail: () => {} })
  },

  /** What asks for nothing that must be known is asked for once more, with what it costs; the rest has its form. @param {WechatMiniprogram.TouchEvent} event */
  async act(event) {
    const { name } = event.currentTarget.dataset
    const action = this.data.item.actions.find((/** @type {any} */ one) => one.name === name)
    if (action.fields.some((/** @type {any} */ field) => field.required && field.type !== 'hidden')) {
      wx.navigateTo({ url: `/packages/cases/pages/act/index?case_no=${this.caseNo}&action=${name}` })
      return
    }
    const { cancel_text: cost } = this.data.item.details
    const content = (action.danger && cost) || this.data.item.sentence
    const { confirm } = await wx.showModal({ title: `${action.text}？`, content, confirmText: '是的', cancelText: '再等等' })
    if (confirm) await this.move(name)
  },

  /** @param {string} name */
  async move(name) {
    this.setData({ busy: true })
    try {
      await this.draw(await cases.move(this.caseNo, name, { version: this.data.item.version }))
    } catch (error) {
      await wx.showModal({ title: '没有办成', content: error.message, showCancel: false })
      if (!error.offline) await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  async share() {
    if (this.data.busy) return
    await this.tried(async () => this.setData({ link: await positions.share(this.caseNo) }))
  },

  async unshare() {
    await this.tried(async () => {
      await positions.unshare(this.caseNo)
      this.setData({ link: '', 'item.details.share_open': this.data.item.details.share_open })
      wx.showToast({ title: '已经停止分享', icon: 'none' })
    })
  },

  /** @param {() => Promise<void>} work */
  async tried(work) {
    this.setData({ busy: true })
    try {
      await work()
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ busy: false })
    }
  },

  onShareAppMessage() {
    const { link, item } = this.data
    if (!link) return { title: '诃额伦社区', path: '/pages/home/index' }
    return { title: `看看我到哪里了：去${item.details.dropoff.text}`, path: link }
  },

  pay() {
    wx.navigateTo({ url: `/packages/bills/pages/pay/index?id=${this.data.item.details.bill_id}` })
  },

  rate() {
    wx.navigateTo({ url: `/packages/cases/pages/rate/index?case_no=${this.caseNo}` })
  },

  complain() {
    wx.navigateTo({ url: `/packages/cases/pages/complain/index?case_no=${this.caseNo}` })
  },

  openComplaint() {
    wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${this.data.complaint.case_no}` })
  },

  whole() {
    wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${this.caseNo}&whole=1` })
  },

  /** The same way once more, as it was asked for. */
  askAgain() {
    const { pickup, dropoff, wheelchair, helper, people, pay, note } = this.data.item.details
    const from = pickup.spot ? { text: pickup.text, spot: pickup.spot } : undefined
    const to = dropoff.spot ? { text: dropoff.text, spot: dropoff.spot } : undefined
    asking.keep({ from, to, wheelchair, helper, people, pay, note, later: false })
    wx.redirectTo({ url: '/packages/rides/pages/order/index' })
  },
})
