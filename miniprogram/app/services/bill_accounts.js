const request = require('./request')

const PATH = '/v1/bill-accounts'

/** Mine, then my family's. → BillAccountsView */
const list = () => request.get(PATH)

/** → BillAccountView @param {string} id */
const get = (id) => request.get(`${PATH}/${id}`)

/** Its bills come by themselves from now on. → BillAccountView @param {{ payee_id: string, account_no: string, label: string, remind_days: number, resident_id?: string }} wanted */
const save = (wanted) => request.write(PATH, wanted)

/** → BillAccountView @param {string} id @param {{ label?: string, remind_days?: number }} changes */
const change = (id, changes) => request.write(`${PATH}/${id}`, changes)

/** Nothing of it comes or is paid by itself any more. @param {string} id */
const remove = (id) => request.write(`${PATH}/${id}`, {}, 'DELETE')

module.exports = { change, get, list, remove, save }
