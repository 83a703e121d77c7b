// How an application is drawn while it is filled in. What is lacking and what applies, the server says.
const { address } = require('../../services/request')
const { deliveries } = require('./words')

/** The pages of the form, those left out that have nothing to ask. @param {any} item */
function partsOf(item) {
  return [
    { name: 'form', text: '填表' },
    item.materials.length ? { name: 'materials', text: '交材料' } : null,
    { name: 'delivery', text: '怎么拿' },
    { name: 'check', text: '核对' },
  ].filter(Boolean)
}

/**
 * The list of papers as it stands. @param {any} item @param {any} view @param {Record<string, any>} photos @param {any[]} reuses
 */
function materialsOf(item, view, photos, reuses) {
  const samples = Object.fromEntries(item.materials.map((/** @type {any} */ one) => [one.key, one.sample_url]))
  return view.details.materials.filter((/** @type {any} */ one) => one.applies).map((/** @type {any} */ one) => {
    const before = one.files.length ? null : reuses.find((each) => each.key === one.key)
    return {
      key: one.key,
      name: one.name,
      required: one.required,
      fine: one.verdict === 'fine',
      wrong: ['unclear', 'missing', 'wrong'].includes(one.verdict),
      verdict: one.verdict === 'pending' ? '' : one.verdict_text,
      tone: one.verdict === 'fine' ? 'done' : 'wait',
      remark: one.remark,
      line: [one.copies_text, one.issued_by && `在${one.issued_by}开`].filter(Boolean).join(' · '),
      hint: one.hint,
      sample: samples[one.key] ? address(samples[one.key]) : '',
      files: one.files.map((/** @type {string} */ id) => photos[id] || { id, small: '', url: '' }),
      paper: one.paper,
      reused: one.reused_from,
      more: one.reused_from ? '重新拍照' : one.files.length ? '再拍一张' : '拍照上传',
      before: before ? { caseNo: before.case_no, text: `${before.title}交过 ${before.files.length} 张` } : null,
      given: givenText(one),
    }
  })
}

/** @param {any} one */
function givenText(one) {
  if (one.files.length) return `${one.files.length} 张照片${one.reused_from ? '（用以前交过的）' : ''}`
  return one.paper ? '到窗口交纸质的' : ''
}

/** What was answered, in words. @param {any[]} fields @param {Record<string, any>} form */
function answersOf(fields, form) {
  return fields
    .filter((one) => form[one.name] !== undefined && form[one.name] !== '')
    .map((one) => ({ name: one.name, label: one.label, text: said(one, form[one.name]) }))
}

/** @param {any} field @param {any} value */
function said({ type, options }, value) {
  if (type === 'yes_no') return value ? '是' : '不是'
  const option = type === 'choice' && options.find((/** @type {any} */ one) => one.value === value)
  return option ? option.text : String(value)
}

/** Beside which answer an error belongs, and on which page of the form. @param {any} error */
function placed(error) {
  const field = error.field || ''
  const page = error.message
  if (field.startsWith('form')) return { part: 'form', errors: { [field.slice('form.'.length)]: page, page } }
  if (field.startsWith('materials')) return { part: 'materials', errors: { [field.slice('materials.'.length)]: page, page } }
  if (field === 'delivery' || field === 'address') return { part: 'delivery', errors: { [field]: page, page } }
  return { part: '', errors: { page, ...(field ? { [field]: page } : {}) } }
}

/** The first question without an answer that has to have one. @param {any[]} fields @param {Record<string, any>} form */
function unanswered(fields, form) {
  const missing = fields.filter((one) => one.required && (form[one.name] === undefined || form[one.name] === ''))
  return Object.fromEntries(missing.map((one) => [one.name, `请填写“${one.label}”`]))
}

module.exports = { answersOf, deliveries, materialsOf, partsOf, placed, unanswered }
