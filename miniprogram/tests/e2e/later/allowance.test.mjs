// What takes weeks comes to its end: the clock of the whole demo is moved on, so nothing else may run beside it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { DECIDER, REVIEWER, again, casePage, enter, paper, told } from '../office.mjs'
import { atWork, control, elsewhere, open, until } from '../stage.mjs'

const RESIDENT = 'demo-resident-162'
const DAY = 86_400

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

const later = (seconds) => control('clock', { advance_s: seconds })

test('an allowance that was shown to the public is reviewed, granted by another, and reaches the phone', async () => {
  const shown = await elsewhere(RESIDENT)
  const waiting = (await shown('GET', '/v1/cases?kind=approval&open=true')).items.find((one) => one.state === 'publicity')
  assert.ok(waiting, 'tests/e2e/approvals.test.mjs comes first')
  const caseNo = waiting.case_no
  await later(12 * DAY)
  const call = await elsewhere(RESIDENT)
  await until(async () => (await call('GET', `/v1/cases/${caseNo}`)).state === 'street_review', 'the end of the publicity')

  const reviewer = await stage.desk(REVIEWER)
  await enter(reviewer, caseNo, 'pass', { opinion: '公示没有异议' })
  await reviewer.close()
  await assert.rejects((await atWork(REVIEWER))('POST', `/v1/cases/${caseNo}/grant`, {}), /reviewed_it/)
  const decider = await stage.desk(DECIDER)
  await enter(decider, caseNo, 'grant')
  await decider.close()

  const phone = await stage.phone(RESIDENT, { start: casePage(caseNo) })
  await paper(phone, '准予')
  await told(RESIDENT, '审批结果通知')
  await until(async () => (await call('GET', `/v1/cases/${caseNo}`)).state === 'delivered', 'sent to the phone')
  await again(phone)
  await phone.see('已送达')
  await phone.close()
})
