// What somebody wants to hear once a day waits for its hour: the clock of the whole demo is moved on to it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { control, elsewhere, open, until } from '../stage.mjs'

const RESIDENT = 'demo-resident-167'
const CLEANING = 'svc01'
const DAY_MS = 86_400_000
/** 18:05 in Shanghai, when the last of those who are told at 18:00 has been, as milliseconds of a day in UTC. */
const TOLD_MS = 10 * 3600_000 + 5 * 60_000

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

const shown = async () => (await control(`messages?openid=${RESIDENT}`)).items.filter((one) => one.template_id === 'tmpl-digest')

/** To the hour of the next digest. */
async function untilTold() {
  const now = Date.parse((await control('clock', { advance_s: 0 })).now)
  await control('clock', { advance_s: Math.ceil(((TOLD_MS - (now % DAY_MS) + DAY_MS) % DAY_MS) / 1000) })
}

test('what is wanted once a day is in the inbox at once, and told in one message at its hour', async () => {
  const call = await elsewhere(RESIDENT)
  await call('POST', '/v1/inbox/read', {})
  const earlier = (await shown()).length
  const phone = await stage.phone(RESIDENT, { start: 'packages/me/pages/subscriptions/index' })
  await phone.view.getByLabel('再收 1 次，消息汇总提醒').click()
  await phone.page.getByText('记下了').waitFor()

  await phone.tap('哪些马上告诉我，哪些不用')
  await phone.see('夜里不打扰')
  const visits = phone.view.getByLabel('上门服务怎么告诉您')
  await visits.getByText('每天汇总一次').click()
  await phone.see('上门服务：每天汇总一次')
  await phone.see('要紧的还是马上告诉您')

  const { days } = await call('GET', `/v1/services/${CLEANING}/slots?days=14`)
  const { start } = days.slice(6).flatMap((one) => one.slots).filter((one) => one.free).at(-1)
  const { case_no: caseNo } = await call('POST', '/v1/bookings', { service_id: CLEANING, start })
  const submitted = async () => (await call('GET', '/v1/inbox')).items.find((one) => one.case_no === caseNo)
  await until(async () => (await submitted())?.delivery === 'digest', 'it is collected')
  assert.equal((await shown()).length, earlier, 'nothing is told before the hour')
  await phone.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
  await phone.see('预约提交通知')

  await untilTold()
  const told = await until(async () => (await shown()).length > earlier && shown(), 'the digest')
  const newest = told.at(-1)
  assert.deepEqual([newest.data.thing1, newest.data.number2, newest.page], ['预约提交通知', '1', 'pages/inbox/index'])
  await phone.page.evaluate(() => preview.wx.startPullDownRefresh())
  await phone.see('消息汇总提醒')
  await phone.see('您有 1 条消息还没看')
  await phone.tap('全部看过')
  await phone.view.getByText('没看过').first().waitFor({ state: 'detached' })
  assert.equal((await call('GET', '/v1/inbox')).unread, 0)
  await phone.wellBehaved()
  await phone.close()
})
