// How the details of a case are drawn: which of them, under what name, in what order. Nothing here decides anything.
const { yuan } = require('../../utils/money')
const { when } = require('../../utils/time')

/** Of a move: the field by which somebody swears that it is true; and the move that keeps what is filled in. */
const TRUTHFUL = 'truthful'
const EDIT = 'edit'

/** The rows of the details, whatever the kind has of them. @param {any} item */
function rowsOf(item) {
  const { details, provider, worker } = item
  const rows = [
    row('calendar', '时间', details.when),
    row('map-pin', '地址', details.address),
    row('user', '联系人', [details.contact_name, details.contact_phone].filter(Boolean).join(' ')),
    provider && row('store', '商家', provider.name, provider.phone),
    worker && row('user-check', '师傅', worker.name, worker.phone),
    row('wallet', '费用', details.cost_text),
    details.fee_fen && row('wallet', '应付', `${yuan(details.fee_fen)} 元`),
    details.cancel_free_until && row('clock', '免费取消', `${when(details.cancel_free_until)} 之前`),
    row('message-circle', '您的留言', details.note),
    row('file-check', '完成情况', details.finish_note),
    row('alert', '上门无人', details.no_show_note),
    row('flag', '关于', details.about_title),
    row('flag', '原因', details.reason_text),
    row('message-circle', '您说的', details.text),
    row('store', '商家答复', details.answer),
    row('shield', '街道裁决', [details.ruling_text, details.ruling_reason].filter(Boolean).join('：')),
  ]
  return rows.filter((one) => one && one.text)
}

/** @param {string} icon @param {string} label @param {string} text @param {string | null} [phone] */
const row = (icon, label, text, phone = null) => ({ icon, label, text, phone })

/** The last price that was given, line by line. @param {any} item */
function quoteOf({ details }) {
  const quotes = details.quotes || []
  const last = quotes[quotes.length - 1]
  if (!last) return null
  return {
    version: last.version,
    title: last.on_site ? '师傅看过后的报价' : '报价',
    lines: last.lines.map((/** @type {any} */ one) => ({ name: one.name, amount: yuan(one.amount_fen) })),
    total: `${yuan(last.total_fen)} 元`,
    note: last.note,
  }
}

/** The cases that belong to a larger one. @param {any} item */
function partsOf({ details }) {
  const parts = details.parts || []
  return parts.filter((/** @type {any} */ one) => one.case_no).map((/** @type {any} */ one) => ({
    case_no: one.case_no,
    title: one.service || one.title || one.name,
    text: [one.state_text, one.when].filter(Boolean).join(' · '),
  }))
}

/**
 * The buttons of a case: the main ones, those that stand apart, and whether what is filled in is open to be changed, which is
 * done page by page and ends with signing. @param {any} item
 */
function buttonsOf({ actions }) {
  const signs = (/** @type {any} */ one) => one.fields.some((/** @type {any} */ field) => field.name === TRUTHFUL)
  const edits = actions.some(signs)
  const others = actions.filter((/** @type {any} */ one) => !edits || !(signs(one) || one.name === EDIT))
  return { main: others.filter((/** @type {any} */ one) => !one.danger), apart: others.filter((/** @type {any} */ one) => one.danger), edits }
}

/** A paper as it was handed in, and what was found. @param {any} one @param {Record<string, any>} photos */
function handedOf(one, photos) {
  const text = one.files.length ? `${one.files.length} 张照片` : one.paper ? '到窗口交纸质的' : '没有交'
  return {
    key: one.key,
    name: one.name,
    text: one.reused_from ? `${text}（用以前交过的）` : text,
    verdict: one.verdict === 'pending' ? '' : one.verdict_text,
    tone: one.verdict === 'fine' ? 'done' : 'wait',
    remark: one.remark,
    files: one.files.map((/** @type {string} */ id) => photos[id]).filter(Boolean),
  }
}

/** What was answered, in words. @param {any[]} fields @param {Record<string, any>} form */
function answersOf(fields, form) {
  const words = (/** @type {any} */ field) => {
    const value = form[field.name]
    if (field.type === 'yes_no') return value ? '是' : '不是'
    const option = field.options.find((/** @type {any} */ each) => each.value === value)
    return option ? option.text : String(value)
  }
  return fields.filter((one) => form[one.name] !== undefined && form[one.name] !== '').map((one) => ({ name: one.name, label: one.label, text: words(one) }))
}

module.exports = { answersOf, buttonsOf, handedOf, partsOf, quoteOf, rowsOf }
