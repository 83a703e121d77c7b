// Every page in large text: what a finger is meant for is at least 60 by 60, all text stands out from its ground, nothing is cut.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { APP } from '../../preview/build.mjs'
import { cutOff, tooPale, tooSmall } from '../../tools/readable.mjs'
import { elsewhere, open } from './stage.mjs'

const RESIDENT = 'demo-resident-141'
const CLEANING = 'svc01'
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
  for (const { case_no: earlier, expires_at: held } of (await call('GET', '/v1/cases?open=true')).items) if (held) await call('POST', `/v1/cases/${earlier}/cancel`, {})
  const { days } = await call('GET', `/v1/services/${CLEANING}/slots?days=14`)
  const [one, other] = days.slice(4).flatMap((day) => day.slots).filter((slot) => slot.free)
  const { case_no: booked } = await call('POST', '/v1/bookings', { service_id: CLEANING, start: one.start })
  const { case_no: held } = await call('POST', '/v1/bookings', { service_id: CLEANING, start: other.start, hold: true })
  const { case_no: applied } = await call('POST', '/v1/approvals', { item_id: ALLOWANCE })
  told = {
    item: `code=${ALLOWANCE}`, apply: `case_no=${applied}`, receipt: `case_no=${applied}`, aloud: `case_no=${applied}`,
    service: `id=${CLEANING}`, plan: `id=${CLEANING}`, form: `id=${CLEANING}&start=${encodeURIComponent(other.start)}`, bundle: 'id=new-baby',
    confirm: `case_no=${held}`, case: `case_no=${booked}`, act: `case_no=${booked}&action=reschedule`, rate: `case_no=${booked}`, complain: `case_no=${booked}`,
  }
  phone = await stage.phone(RESIDENT, { large: true })
})
after(() => stage.close())

describe('in large text', () => {
  for (const page of PAGES) {
    test(`${page} can be read and used by everybody`, async () => {
      const query = told[page.split('/').at(-2)]
      await phone.page.evaluate((url) => preview.wx.reLaunch({ url }), query ? `/${page}?${query}` : `/${page}`)
      await phone.view.getByLabel('正在加载').waitFor({ state: 'detached' })
      assert.deepEqual([...(await tooSmall(phone, true)), ...(await tooPale(phone)), ...(await cutOff(phone))], [])
      await phone.wellBehaved()
    })
  }
})
