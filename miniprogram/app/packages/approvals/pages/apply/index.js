const approvals = require('../../../../services/approvals')
const cases = require('../../../../services/cases')
const drafts = require('../../../../services/drafts')
const items = require('../../../../services/items')
const me = require('../../../../services/me')
const proxies = require('../../../../services/proxies')
const subscriptions = require('../../../../services/subscriptions')
const { loads } = require('../../../../utils/loading')
const { clock, when } = require('../../../../utils/time')
const { answersOf, deliveries, materialsOf, partsOf, placed, unanswered } = require('../../drawing')
const { saver } = require('../../saving')

const AT_ONCE = 9
const MINE = 'approvals'
const MOMENTS = ['approve']

/**
 * Applying, page by page: the draft is opened with the first answers and kept on the server from then on. The same pages
 * answer a supplement notice. What can be done, and how the last button is called, the case says.
 */
Page({
  ...loads,
  caseNo: '',
  code: '',
  /** @type {any} */
  saving: null,

  data: {
    state: 'loading', error: '', item: /** @type {any} */ (null), view: /** @type {any} */ (null), parts: /** @type {any[]} */ ([]), part: 0, name: 'form',
    who: /** @type {any} */ (null), people: /** @type {any[]} */ ([]), whom: '', behalf: '', resumed: '', form: /** @type {any} */ ({}), errors: /** @type {any} */ ({}),
    photos: /** @type {any} */ ({}), reuses: /** @type {any[]} */ ([]), materials: /** @type {any[]} */ ([]), sending: '', progress: '', notice: /** @type {any} */ (null),
    ways: /** @type {any[]} */ ([]), delivery: '', address: '', answers: /** @type {any[]} */ ([]), wayText: '', sign: /** @type {any} */ (null),
    truthful: false, signature: /** @type {any} */ (null), saved: '', busy: false,
  },

  /** @param {{ code?: string, case_no?: string }} query */
  onLoad(query) {
    this.code = query.code || ''
    this.caseNo = query.case_no || ''
    this.saving = saver((changes) => this.send(changes), (error) => this.trouble(error))
    subscriptions.prepare()
    this.load()
  },

  onHide() {
    this.saving.flush().catch(() => {})
  },

  onUnload() {
    this.saving.flush().catch(() => {})
  },

  async fetch() {
    const given = this.caseNo ? await cases.get(this.caseNo) : null
    this.code = given ? given.details.item_id : this.code
    const [item, who, others] = await Promise.all([items.get(this.code), me.get(), given ? [] : approvals.unfinished(this.code)])
    const people = given ? [] : await proxies.people(who.id, MINE)
    const typed = drafts.get(this.draft())
    const whom = people.some((one) => one.value === typed.whom) ? typed.whom : ''
    this.setData({ item, who, people, ways: deliveries(item.deliveries), parts: partsOf(item), whom, form: typed.form || {} })
    wx.setNavigationBarTitle({ title: item.name })
    await this.start(given || others.find((/** @type {any} */ one) => isFor(one, whom || who.id)) || null, Boolean(given))
    this.setData({ state: 'ready' })
  },

  /** Goes on with what was begun: on the page of the papers where a notice asks for some. @param {any} view @param {boolean} named */
  async start(view, named) {
    if (!view) return
    this.caseNo = view.case_no
    const unsent = drafts.get(this.unsent())
    const { delivery, address, form } = { ...view.details, ...unsent }
    const only = this.data.ways.length === 1 ? this.data.ways[0].value : ''
    this.setData({ form: { ...form, ...this.data.form }, delivery: delivery || only, address, resumed: named ? '' : when(view.updated_at) })
    this.saving.note(unsent)
    const [photos, reuses] = await Promise.all([approvals.photos(view), approvals.reuses(this.caseNo).catch(() => [])])
    this.setData({ photos, reuses })
    this.draw(view)
    if (this.data.notice) this.turn('materials')
  },

  draft() {
    return `approval.${this.code}`
  },

  /** What was typed and has not reached the server, though the program was closed. */
  unsent() {
    return `approval.${this.caseNo}`
  },

  /** @param {any} view */
  draw(view) {
    const { item, photos, reuses } = this.data
    const notice = view.details.notices.find((/** @type {any} */ one) => !one.answered) || null
    this.setData({
      view,
      notice,
      behalf: view.behalf_text,
      sign: view.actions.find((/** @type {any} */ one) => one.fields.some((/** @type {any} */ field) => field.name === 'truthful')) || null,
      materials: materialsOf(item, view, photos, reuses),
    })
    this.describe()
  },

  /** What is read over before it is signed. */
  describe() {
    const { item, form, ways, delivery } = this.data
    const way = ways.find((one) => one.value === delivery)
    this.setData({ answers: answersOf(item.fields, form), wayText: way ? way.text : '' })
  },

  /** @param {string} name */
  turn(name) {
    const part = this.data.parts.findIndex((one) => one.name === name)
    if (part < 0) return
    this.setData({ part, name })
    this.describe()
    wx.pageScrollTo({ scrollTop: 0, duration: 0 })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ value: string }>} event */
  chooseWhom(event) {
    this.setData({ whom: event.detail.value })
    drafts.keep(this.draft(), { whom: this.data.whom, form: this.data.form })
  },

  /** @param {WechatMiniprogram.CustomEvent<{ values: any }>} event */
  answer(event) {
    const form = event.detail.values
    this.keep({ form })
    if (!this.caseNo) drafts.keep(this.draft(), { whom: this.data.whom, form })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  pickWay(event) {
    this.keep({ delivery: event.currentTarget.dataset.value })
    this.describe()
  },

  /** @param {WechatMiniprogram.Input} event */
  typeAddress(event) {
    this.keep({ address: event.detail.value })
  },

  /** On the page at once, on the server after a lull. @param {Record<string, any>} news */
  keep(news) {
    this.setData({ ...news, errors: {}, saved: '' })
    if (!this.caseNo) return
    drafts.keep(this.unsent(), { ...drafts.get(this.unsent()), ...news })
    this.saving.note(news)
  },

  /** @param {Record<string, any>} changes */
  async send(changes) {
    this.draw(await approvals.edit(this.caseNo, changes))
    if (!this.saving.waits()) drafts.drop(this.unsent())
    this.setData({ saved: `${clock(Date.now())} 已自动保存` })
  },

  /** What went wrong, at its answer and on its page of the form. @param {any} error */
  trouble(error) {
    const { part, errors } = placed(error)
    this.setData({ errors })
    if (part && part !== this.data.name) this.turn(part)
  },

  back() {
    this.turn(this.data.parts[this.data.part - 1].name)
  },

  async next() {
    const { name, parts, part, item, form } = this.data
    const missing = name === 'form' ? unanswered(item.fields, form) : {}
    if (Object.keys(missing).length) {
      this.setData({ errors: { ...missing, page: Object.values(missing)[0] } })
      return
    }
    this.setData({ busy: true, errors: {} })
    try {
      if (this.caseNo) await this.saving.flush()
      else await this.open()
      this.turn(parts[part + 1].name)
    } catch (error) {
      this.trouble(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  async open() {
    const { whom, form } = this.data
    const view = await approvals.open({ item_id: this.code, form, ...(whom ? { resident_id: whom } : {}) })
    drafts.drop(this.draft())
    await this.start(view, true)
  },

  /** Throws away what was begun earlier. */
  async anew() {
    const { confirm } = await wx.showModal({ title: '不要这份，重新填？', content: '以前填的和传的照片都会删掉', confirmText: '重新填', cancelText: '接着填' })
    if (!confirm) return
    try {
      await this.saving.flush()
      await approvals.discard(this.caseNo)
      drafts.drop(this.draft())
      wx.redirectTo({ url: `/packages/approvals/pages/apply/index?code=${this.code}` })
    } catch (error) {
      this.trouble(error)
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async shoot(event) {
    const { key } = event.currentTarget.dataset
    const before = this.own(key)
    const { tempFiles } = await wx.chooseMedia({ count: AT_ONCE - before.length, mediaType: ['image'] }).catch(() => ({ tempFiles: [] }))
    if (tempFiles.length) await this.sendPhotos(key, before, tempFiles.map((one) => one.tempFilePath))
  },

  /** The photos that were taken for this case: those of an earlier one are taken over whole, or not. @param {string} key */
  own(key) {
    const mine = this.data.materials.find((one) => one.key === key)
    return mine.reused ? [] : mine.files.map((/** @type {any} */ one) => one.id)
  },

  /** @param {string} key @param {string[]} before @param {string[]} paths */
  async sendPhotos(key, before, paths) {
    const files = [...before]
    this.setData({ sending: key, errors: {} })
    try {
      for (const [at, path] of paths.entries()) {
        this.setData({ progress: `正在传第 ${at + 1} 张，共 ${paths.length} 张` })
        files.push(await this.upload(path))
      }
    } catch (error) {
      this.setData({ errors: { [key]: error.message, page: error.message } })
    }
    if (files.length > before.length) await this.give({ key, files })
    this.setData({ sending: '' })
  },

  /** → its id. @param {string} path */
  async upload(path) {
    const kept = await approvals.photo(this.caseNo, path)
    this.setData({ photos: { ...this.data.photos, [kept.id]: { ...approvals.pictureOf(kept), small: path } } })
    return kept.id
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  drop(event) {
    const { key, id } = event.currentTarget.dataset
    this.give({ key, files: this.own(key).filter((/** @type {string} */ one) => one !== id) })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  reuse(event) {
    const { key } = event.currentTarget.dataset
    this.give({ key, reuse: this.data.materials.find((one) => one.key === key).before.caseNo })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  onPaper(event) {
    const { key } = event.currentTarget.dataset
    const mine = this.data.materials.find((one) => one.key === key)
    this.give({ key, files: mine.files.map((/** @type {any} */ one) => one.id), paper: !mine.paper })
  },

  /** One paper as it is now; the others stay. @param {any} material */
  async give(material) {
    this.setData({ busy: true })
    try {
      await this.saving.flush()
      await this.send({ materials: [material] })
      this.setData({ photos: { ...(await approvals.photos(this.data.view)), ...this.data.photos } })
      this.draw(this.data.view)
    } catch (error) {
      this.setData({ errors: { ...placed(error).errors, [material.key]: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  look(event) {
    const { url } = event.currentTarget.dataset
    if (url) wx.previewImage({ urls: [url], fail: () => {} })
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  goTo(event) {
    this.turn(event.currentTarget.dataset.name)
  },

  swear() {
    this.setData({ truthful: !this.data.truthful, errors: {} })
  },

  async signByHand() {
    const { tempFiles } = await wx.chooseMedia({ count: 1, mediaType: ['image'] }).catch(() => ({ tempFiles: [] }))
    if (!tempFiles.length) return
    this.setData({ busy: true })
    try {
      const kept = await approvals.photo(this.caseNo, tempFiles[0].tempFilePath)
      this.setData({ signature: { id: kept.id, small: tempFiles[0].tempFilePath } })
    } catch (error) {
      this.setData({ errors: { signature: error.message, page: error.message } })
    } finally {
      this.setData({ busy: false })
    }
  },

  dropSignature() {
    this.setData({ signature: null })
  },

  async submit() {
    const { truthful, signature, sign } = this.data
    if (!truthful) {
      this.setData({ errors: { truthful: '请先勾选“以上内容属实”', page: '请先勾选“以上内容属实”' } })
      return
    }
    this.setData({ busy: true, errors: {} })
    await subscriptions.ask(...MOMENTS)
    try {
      await this.saving.flush()
      await cases.move(this.caseNo, sign.name, { truthful, ...(signature ? { signature: signature.id } : {}), version: this.data.view.version })
      wx.redirectTo({ url: `/packages/approvals/pages/receipt/index?case_no=${this.caseNo}` })
    } catch (error) {
      this.trouble(error)
      if (!error.offline) this.draw(await cases.get(this.caseNo).catch(() => this.data.view))
    } finally {
      this.setData({ busy: false })
    }
  },
})

/** @param {any} view @param {string} whose */
const isFor = (view, whose) => !view.resident || view.resident.id === whose
