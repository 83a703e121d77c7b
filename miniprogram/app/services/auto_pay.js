const request = require('./request')

const PATH = '/v1/auto-pay'

/** Mine and my family's. → AutoPayView[] */
async function list() {
  return (await request.get(PATH)).items
}

/** What one agrees to, and the limits there are. → AgreementView */
const agreement = () => request.get(`${PATH}/agreement`)

/** Of a saved account; null where nothing was ever agreed to. → AutoPayView | null @param {string} id */
async function get(id) {
  try {
    return await request.get(`${PATH}/${id}`)
  } catch (error) {
    if (error.status === 404) return null
    throw error
  }
}

/** → AutoPayView @param {{ account_id: string, version: string, agreed: boolean, most_bill_fen: number, most_month_fen: number }} wanted */
const agree = (wanted) => request.write(PATH, wanted)

/** → AutoPayView @param {string} id @param {'pause'|'resume'|'stop'} how */
const change = (id, how) => request.write(`${PATH}/${id}/${how}`)

/** Not this bill. → AutoPayView @param {string} billId */
const skip = (billId) => request.write(`${PATH}/bills/${billId}/skip`)

module.exports = { agree, agreement, change, get, list, skip }
