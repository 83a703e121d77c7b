const request = require('./request')

const MOST = 50
/** The move of a case that throws away what was begun. */
const DISCARD = 'discard'

/** Opens a draft. → CaseView @param {{ item_id: string, resident_id?: string, form: Record<string, any> }} wanted */
const open = (wanted) => request.write('/v1/approvals', wanted)

/** What was begun and can still be thrown away, the newest first. → CaseView[] @param {string} itemId */
async function unfinished(itemId) {
  const { items } = await request.get('/v1/cases', { kind: 'approval', open: true, limit: MOST })
  return items.filter((/** @type {any} */ one) => one.details.item_id === itemId && one.actions.some((/** @type {any} */ each) => each.name === DISCARD))
}

/** Throw away what was begun. @param {string} caseNo */
const discard = (caseNo) => request.write(`/v1/cases/${caseNo}/${DISCARD}`)

/** Keep what is named; the rest stays as it was. → CaseView @param {string} caseNo @param {Record<string, any>} changes */
const edit = (caseNo, changes) => request.write(`/v1/cases/${caseNo}/edit`, changes)

/** What was handed in before and may be again. → ReuseView[] @param {string} caseNo */
async function reuses(caseNo) {
  return (await request.get(`/v1/cases/${caseNo}/reuses`)).items
}

/** A photo for this case. → AttachmentView @param {string} caseNo @param {string} filePath */
const photo = (caseNo, filePath) => request.upload(`/v1/cases/${caseNo}/attachments`, filePath)

/**
 * The photos of an application with fresh links, by id: its own, and those that it took over from earlier cases.
 * @param {any} view @returns {Promise<Record<string, any>>}
 */
async function photos({ case_no: caseNo, details }) {
  const others = details.materials.map((/** @type {any} */ one) => one.reused_from).filter(Boolean)
  const found = await Promise.all([...new Set([caseNo, ...others])].map((one) => photosOf(one).catch(() => [])))
  return Object.fromEntries(found.flat().map((one) => [one.id, pictureOf(one)]))
}

/** @param {string} caseNo @returns {Promise<any[]>} */
async function photosOf(caseNo) {
  /** @type {any[]} */
  const found = []
  let cursor = null
  do {
    const page = await request.get(`/v1/cases/${caseNo}/attachments`, { cursor })
    found.push(...page.items)
    cursor = page.next
  } while (cursor)
  return found
}

/** @param {any} attachment */
const pictureOf = (attachment) => ({ id: attachment.id, small: request.address(attachment.thumbnail_url || attachment.url), url: request.address(attachment.url) })

/** The receipts and decisions of a case as PDF, with fresh links; one that is still being made has none. → DocumentView[] @param {string} caseNo */
async function papers(caseNo) {
  return (await request.get(`/v1/cases/${caseNo}/documents`)).items
}

/** Where something stands, for whoever has its number. → ProgressView @param {string} caseNo @param {string} tail */
const progress = (caseNo, tail) => request.ask('/v1/progress', { case_no: caseNo, phone_tail: tail })

module.exports = { discard, edit, open, papers, photo, photos, pictureOf, progress, reuses, unfinished }
