const files = require('./files')
const request = require('./request')

/** → BillsView @param {Record<string, any>} [wanted] */
const list = (wanted) => request.get('/v1/bills', wanted)

/** → BillView @param {string} id */
const get = (id) => request.get(`/v1/bills/${id}`)

/** Whom bills can be paid to. → PayeeView[] */
async function payees() {
  return (await request.get('/v1/payees')).items
}

/** What is open on an account becomes mine to pay, or theirs for whom I ask. → BillView[] @param {{ payee_id: string, account_no: string, label?: string, resident_id?: string }} wanted */
async function lookUp(wanted) {
  return (await request.write('/v1/bills/lookups', wanted)).items
}

/** With so many points; the rest is paid by WeChat. → PaymentView @param {string} id @param {number} pointsFen */
const pay = (id, pointsFen) => request.write(`/v1/bills/${id}/pay`, { points_fen: pointsFen })

/** How far it has come; with what wx.requestPayment needs, while it is to be paid. → PaymentView @param {string} id */
const payment = (id) => request.get(`/v1/payments/${id}`)

/** → PaymentsView @param {string} [cursor] */
const payments = (cursor) => request.get('/v1/payments', { cursor })

/** Not to be paid after all. → PaymentView @param {string} id */
const cancel = (id) => request.write(`/v1/payments/${id}/cancel`)

/** The purchases whose points paid it. → SourcesView @param {string} id @param {string} [cursor] */
const sources = (id, cursor) => request.get(`/v1/payments/${id}/sources`, { cursor })

/** Its receipt as PDF, drawn when it is asked for. @param {string} id */
const receipt = (id) => files.openDrawn(() => request.write(`/v1/payments/${id}/receipt`), () => request.get(`/v1/payments/${id}/receipt`))

/**
 * WeChat's own sheet. → 'paid' when it says so, which the server has to find out for itself, 'dismissed', or 'unopened'.
 * @param {any} params what the server has signed
 */
async function askWeChat(params) {
  try {
    await wx.requestPayment(params)
    return 'paid'
  } catch (error) {
    return String(error.errMsg).includes('cancel') ? 'dismissed' : 'unopened'
  }
}

module.exports = { askWeChat, cancel, get, list, lookUp, pay, payees, payment, payments, receipt, sources }
