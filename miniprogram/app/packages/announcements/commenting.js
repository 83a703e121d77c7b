const comments = require('../../services/comments')
const drafts = require('../../services/drafts')
const subscriptions = require('../../services/subscriptions')
const { when } = require('../../utils/time')

const LONGEST = 200
/** So much of one is said in the question before it is deleted. */
const ASKED = 30
/** What says that the list on the phone is not the one the server has. @type {Record<string, boolean>} */
const STALE = { comments_closed: true, enough_comments: true }

/** What residents say under an announcement, for its page, which has an `id` and a `load`: `...commenting` beside `commented` in
 * its data, and `readComments` when it is loaded. */
const commented = {
  comments: /** @type {any} */ (null), unreadable: false, text: '', typed: 0, longest: LONGEST, sending: false, more: false, problem: '',
}

const commenting = {
  /** Where it cannot be had, it is said only of an announcement that takes comments. @param {boolean} takes */
  async readComments(takes) {
    try {
      const page = await comments.list(this.id)
      this.setData({ comments: shown(page), unreadable: false, problem: '' })
    } catch (error) {
      this.setData({ comments: null, unreadable: takes })
    }
    const { text = '' } = drafts.get(draftOf(this.id))
    this.setData({ text, typed: text.length })
  },

  readAgain() {
    return this.readComments(true)
  },

  /** @param {WechatMiniprogram.Input} event */
  type(event) {
    const { value } = event.detail
    this.setData({ text: value, typed: value.length, problem: '' })
    drafts.keep(draftOf(this.id), { text: value })
  },

  async send() {
    const text = this.data.text.trim()
    if (this.data.sending || !text) return
    this.setData({ sending: true, problem: '' })
    await subscriptions.ask('comment')
    try {
      await comments.write(this.id, text)
      drafts.drop(draftOf(this.id))
      await this.readComments(true)
      wx.showToast({ title: '已发给社区', icon: 'success' })
    } catch (error) {
      if (STALE[error.code]) await this.readComments(true)
      this.setData({ problem: error.message })
      if (error.status === 404) await this.load()
    } finally {
      this.setData({ sending: false })
    }
  },

  /** @param {WechatMiniprogram.TouchEvent} event */
  async drop(event) {
    const { id, text } = event.currentTarget.dataset
    const { confirm } = await wx.showModal({ title: '删掉这条留言？', content: `“${short(text)}” 删掉以后找不回来`, confirmText: '删掉', cancelText: '留着' })
    if (!confirm) return
    try {
      await comments.drop(id)
      wx.showToast({ title: '已删掉', icon: 'success' })
    } catch (error) {
      if (error.status !== 404) {
        wx.showModal({ title: '没有删掉', content: error.message, showCancel: false })
        return
      }
    }
    await this.readComments(true)
  },

  async further() {
    const { comments: now, more } = this.data
    if (more) return
    this.setData({ more: true, problem: '' })
    try {
      const page = shown(await comments.list(this.id, now.next))
      const there = new Set(now.items.map((/** @type {any} */ one) => one.id))
      this.setData({ comments: { ...page, items: [...now.items, ...page.items.filter((/** @type {any} */ one) => !there.has(one.id))] } })
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none' })
    } finally {
      this.setData({ more: false })
    }
  },
}

/** @param {string} id */
const draftOf = (id) => `comment.${id}`

/** @param {string} text */
const short = (text) => (text.length > ASKED ? `${text.slice(0, ASKED)}…` : text)

/** @param {any} page */
const shown = (page) => ({ ...page, items: page.items.map(drawn) })

/** @param {any} one */
const drawn = (one) => ({
  ...one,
  line: `${one.mine ? '我' : one.by} · ${when(one.at)}`,
  pill: one.mine ? one.state_text : '',
  why: one.reason ? `没有选登是因为：${one.reason}` : '',
  answered: one.answer ? `${one.answered_by} ${when(one.answered_at)} 回复` : '',
  drops: one.actions.some((/** @type {any} */ each) => each.name === 'delete'),
})

module.exports = { commented, commenting }
