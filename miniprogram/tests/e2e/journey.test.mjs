// A person books cleaning, follows it to the end while staff act in the console, rates it, and reads the messages.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { control, elsewhere, open, until } from './stage.mjs'

const MESSAGES = ['预约提交通知', '预约确认通知', '上门人员通知', '服务开始通知', '服务完成通知']

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

/** Choose 日常保洁 2 小时 for tomorrow at nine and come to the page that holds the seat. */
async function toConfirm(phone, time = '9:00') {
  await phone.tap('约上门服务')
  await phone.tap('日常保洁 2 小时')
  await phone.see('选一个时间')
  await phone.tap('明天')
  await phone.tap(time)
  await phone.tap('就约这个')
  await phone.see('到时联系谁')
  await phone.tap('下一步')
  await phone.see('这个时间给您留着')
}

test('a visit from the first tap to the rating', async () => {
  const resident = 'demo-resident-021'
  const phone = await stage.phone(resident)
  await phone.see('按类别找')
  await toConfirm(phone)
  await phone.tap('提交预约')
  await phone.see('已经交给商家了')
  await phone.tap('要提醒')
  await phone.view.getByText('要提醒', { exact: true }).waitFor({ state: 'detached' })
  const caseNo = (await phone.view.locator('[class*="number"]').first().textContent()).trim()

  const manager = await stage.desk('demo-provider')
  await manager.open(caseNo)
  await manager.act('confirm')
  await manager.act('assign', (form) => form.getByText('刘洋').click())
  await phone.page.evaluate(() => preview.wx.startPullDownRefresh())
  await phone.see('念给他听')
  const spoken = (await phone.view.locator('.digits').textContent()).trim()
  const worker = await stage.desk('demo-worker')
  await worker.open(caseNo)
  await worker.act('depart')
  await worker.act('start', (form) => form.locator('[name="code"]').fill(spoken))
  await worker.act('finish', (form) => form.locator('[name="note"]').fill('都擦干净了'))

  await phone.page.evaluate(() => preview.wx.startPullDownRefresh())
  await phone.see('刘洋已做完')
  await phone.tap('确认完成')
  await phone.answer('是的')
  await phone.tap('评一评这次服务')
  await phone.view.getByRole('radio', { name: '非常满意' }).first().click()
  await phone.tap('准时上门')
  await phone.tap('提交评价')
  await phone.see('您的评价：非常满意')

  const sent = await until(async () => {
    const { items } = await control(`messages?openid=${resident}`)
    return MESSAGES.every((title) => items.some((one) => one.title === title)) && items
  }, 'five messages on the phone')
  assert.equal(new Set(sent.map((one) => one.title)).size, sent.length)
  await phone.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
  for (const title of MESSAGES) await phone.see(title)
  await phone.wellBehaved()
})

test('the network is cut in the middle of "confirm" and comes back: exactly one booking', async () => {
  const resident = 'demo-resident-022'
  const phone = await stage.phone(resident)
  await phone.see('按类别找')
  await toConfirm(phone, '10:00')
  await phone.page.evaluate(() => preview.settings.loseAnswers(2))
  await phone.tap('提交预约')
  await phone.see('已经交给商家了')
  const mine = await (await elsewhere(resident))('GET', '/v1/cases')
  assert.equal(mine.items.length, 1)
  assert.equal(mine.items[0].version, 2, 'held once, submitted once')
  await phone.wellBehaved()
})

test('the network stays away: what was typed is kept, and the same tap later books once', async () => {
  const resident = 'demo-resident-023'
  const phone = await stage.phone(resident)
  await phone.see('按类别找')
  await phone.tap('约上门服务')
  await phone.tap('日常保洁 2 小时')
  await phone.tap('明天')
  await phone.tap('11:00')
  await phone.tap('就约这个')
  await phone.view.locator('.note textarea').fill('门铃坏了，请打电话')
  await phone.page.evaluate(() => preview.settings.loseAnswers(4))
  await phone.tap('下一步')
  await phone.see('网络不通')
  await phone.tap('下一步')
  await phone.see('这个时间给您留着')
  const mine = await (await elsewhere(resident))('GET', '/v1/cases')
  assert.deepEqual(mine.items.map((one) => one.details.note), ['门铃坏了，请打电话'])
  await phone.wellBehaved()
})

test('a session is revoked, and nobody notices', async () => {
  const resident = 'demo-resident-024'
  const phone = await stage.phone(resident)
  await phone.see('按类别找')
  await (await elsewhere(resident))('DELETE', '/v1/sessions/all')
  await toConfirm(phone, '13:00')
  await phone.wellBehaved()
})

test('a hold expires: the page says so and offers the nearest times', async () => {
  const phone = await stage.phone('demo-resident-025')
  await phone.see('按类别找')
  await toConfirm(phone, '14:00')
  await phone.page.evaluate(() => {
    const real = Date.now
    Date.now = () => real() + 6 * 60 * 1000
  })
  await phone.see('留给您的时间到了')
  await phone.see('明天 13:30')
  await phone.view.locator('.slot').first().click()
  await phone.see('到时联系谁')
  await phone.wellBehaved()
})
