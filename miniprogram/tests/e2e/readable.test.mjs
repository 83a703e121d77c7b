// Every page in large text: what a finger is meant for is at least 60 by 60, all text stands out from its ground, nothing is cut.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { APP } from '../../preview/build.mjs'
import { cutOff, tooPale, tooSmall } from '../../tools/readable.mjs'
import { control, elsewhere, open, until } from './stage.mjs'

const RESIDENT = 'demo-resident-141'
const CLEANING = 'svc01'
const ANNOUNCEMENT = 'demo-ann-03'
const ALLOWANCE = 'ELDER-ALLOWANCE'
const app = JSON.parse(fs.readFileSync(path.join(APP, 'app.json'), 'utf8'))
const PAGES = [...app.pages, ...app.subPackages.flatMap(({ root, pages }) => pages.map((page) => `${root}/${page}`))]

let stage
let phone
/** What a page has to be told to show something; the others show it by themselves. */
let told = {}
before(async () => {
  stage = await open()
  const call = await elsewhere(RESIDENT)
  await call('POST', '/v1/me', { preferences: { large_text: true } })
  for (const { case_no: earlier, expires_at: held } of (await call('GET', '/v1/cases?open=true&kind=booking')).items) if (held) await call('POST', `/v1/cases/${earlier}/cancel`, {})
  const { days } = await call('GET', `/v1/services/${CLEANING}/slots?days=14`)
  const [one, other] = days.slice(4).flatMap((day) => day.slots).filter((slot) => slot.free)
  const { case_no: booked } = await call('POST', '/v1/bookings', { service_id: CLEANING, start: one.start })
  const { case_no: held } = await call('POST', '/v1/bookings', { service_id: CLEANING, start: other.start, hold: true })
  const { case_no: applied } = await call('POST', '/v1/approvals', { item_id: ALLOWANCE })
  const { bill, payment } = await paidBill(call)
  const account = await savedAccount(call)
  const { items: comments } = await call('GET', `/v1/announcements/${ANNOUNCEMENT}/comments`)
  if (!comments.some((one) => one.mine)) await call('POST', `/v1/announcements/${ANNOUNCEMENT}/comments`, { text: '几点来水？家里有老人' })
  told = {
    announcement: `id=${ANNOUNCEMENT}`,
    'packages/bills/pages/autopay/index': `id=${account}`, 'packages/bills/pages/pay/index': `id=${bill}`, 'packages/bills/pages/receipt/index': `id=${payment}`,
    item: `code=${ALLOWANCE}`, apply: `case_no=${applied}`, receipt: `case_no=${applied}`, aloud: `case_no=${applied}`,
    service: `id=${CLEANING}`, plan: `id=${CLEANING}`, form: `id=${CLEANING}&start=${encodeURIComponent(other.start)}`, bundle: 'id=new-baby',
    confirm: `case_no=${held}`, case: `case_no=${booked}`, act: `case_no=${booked}&action=reschedule`, rate: `case_no=${booked}`, complain: `case_no=${booked}`,
  }
  phone = await stage.phone(RESIDENT, { large: true })
})
after(() => stage.close())

/** An account whose bills may be paid by themselves. → its id */
async function savedAccount(call) {
  const { items } = await call('GET', '/v1/bill-accounts')
  return (items[0] || (await call('POST', '/v1/bill-accounts', { payee_id: 'payee-electricity', account_no: `SAVE${Date.now()}`, label: '老房子的电费' }))).id
}

/** A bill that can be paid, and a payment with its receipt. → their ids */
async function paidBill(call) {
  const wanted = { payee_id: 'payee-electricity', account_no: `READ${Date.now()}` }
  for (const number of [1, 2]) await control('payee-bills', { bill_no: `${wanted.account_no}-${number}`, payee: wanted.payee_id, account_no: wanted.account_no, period: '2026-11', amount_fen: 1200 * number, due: '2099-12-20' })
  const [{ id: bill }, other] = (await call('POST', '/v1/bills/lookups', wanted)).items
  const { id: payment } = await call('POST', `/v1/bills/${other.id}/pay`, {})
  await call('GET', `/v1/payments/${payment}`)
  await control('pay', { out_trade_no: payment })
  await until(async () => (await call('GET', `/v1/payments/${payment}`)).paid, 'a receipt')
  return { bill, payment }
}

describe('in large text', () => {
  for (const page of PAGES) {
    test(`${page} can be read and used by everybody`, async () => {
      const query = told[page] ?? told[page.split('/').at(-2)]
      await phone.page.evaluate((url) => preview.wx.reLaunch({ url }), query ? `/${page}?${query}` : `/${page}`)
      await phone.view.getByLabel('正在加载').waitFor({ state: 'detached' })
      assert.deepEqual([...(await tooSmall(phone, true)), ...(await tooPale(phone)), ...(await cutOff(phone))], [])
      await phone.wellBehaved()
    })
  }
})
