// What else people do with it in a year: each with a resident of their own, all at the same time.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { APP } from '../../preview/build.mjs'
import { elsewhere, open } from './stage.mjs'

const CLEANING = 'svc01'
const MOVING = 'svc20'
const PHOTO = path.join(APP, 'images', 'home-on.png')
const AT_ONCE = 4
const APART = 12
/** What somebody might answer to a service's own questions. */
const ANSWERS = { number: (field) => field.min ?? 1, yes_no: () => true, choice: (field) => field.options[0].value, text: () => '没有' }

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

/** A booking made from another device of the same person; `turn` keeps the times of these tests apart, and those of a second run
 * on the same street. → its view */
async function booked(resident, service, turn) {
  const call = await elsewhere(resident)
  const { days } = await call('GET', `/v1/services/${service}/slots?days=14`)
  const free = days.slice(3).flatMap((one) => one.slots).filter((one) => one.free)
  const earlier = (await call('GET', '/v1/cases')).items.length
  const { fields } = await call('GET', `/v1/services/${service}`)
  const form = Object.fromEntries(fields.filter((one) => one.required).map((one) => [one.name, ANSWERS[one.type](one)]))
  return call('POST', '/v1/bookings', { service_id: service, start: free[turn + earlier * APART].start, form })
}

const casePage = (one) => `packages/cases/pages/case/index?case_no=${one.case_no}`
const again = (phone) => phone.page.evaluate(() => preview.wx.startPullDownRefresh())

/** Bring a booking to its end in the console. */
async function served(one, spoken) {
  const manager = await stage.desk('demo-provider')
  await manager.open(one.case_no)
  await manager.act('confirm')
  await manager.act('assign', (form) => form.getByText('刘洋').click())
  await manager.close()
  const worker = await stage.desk('demo-worker')
  await worker.open(one.case_no)
  await worker.act('depart')
  await worker.act('start', (form) => form.locator('[name="code"]').fill(spoken))
  await worker.act('finish', (form) => form.locator('[name="note"]').fill('做完了'))
  await worker.close()
}

describe('everyday', { concurrency: AT_ONCE }, () => {
  test('a price is asked for: the provider quotes in the console, the resident accepts on the phone', async () => {
    const one = await booked('demo-resident-101', MOVING, 0)
    const phone = await stage.phone('demo-resident-101', { start: casePage(one) })
    await phone.see('前报价')
    const manager = await stage.desk('demo-provider')
    await manager.open(one.case_no)
    await manager.act('quote', async (form) => {
      await form.locator('[name="items.0.name"]').fill('四米二货车一趟')
      await form.locator('[name="items.0.yuan"]').fill('380')
      await form.locator('[name="items.1.name"]').fill('搬运两人')
      await form.locator('[name="items.1.yuan"]').fill('240')
    })
    await again(phone)
    await phone.see('四米二货车一趟')
    await phone.see('620.00 元')
    await phone.tap('同意报价')
    await phone.answer('是的')
    await phone.see('已确认')
    await phone.wellBehaved()
    await phone.close()
  })

  test('another time is chosen on the phone from what is free', async () => {
    const one = await booked('demo-resident-102', CLEANING, 1)
    const phone = await stage.phone('demo-resident-102', { start: casePage(one) })
    await phone.tap('改约')
    await phone.see('新的上门时间')
    await phone.tap('后天')
    const slot = phone.view.locator('[class*="slot"][aria-role="radio"], [role="radio"][aria-label*="剩"]').last()
    const time = (await slot.getAttribute('aria-label')).split('，')[0]
    await slot.click()
    await phone.tap('确定改约')
    await phone.see('经过')
    const { details } = await (await elsewhere('demo-resident-102'))('GET', `/v1/cases/${one.case_no}`)
    assert.notEqual(details.start, one.details.start)
    assert.ok(details.when.includes(time) && details.reschedules === 1, `${details.when}, ${time}`)
    await phone.see(details.when.split('–')[0])
    await phone.wellBehaved()
    await phone.close()
  })

  test('resident and staff send each other a photo', async () => {
    const one = await booked('demo-resident-103', CLEANING, 2)
    const phone = await stage.phone('demo-resident-103', { start: casePage(one) })
    await phone.see('和工作人员说')
    await phone.view.getByLabel('加照片').click()
    const [album] = await Promise.all([phone.page.waitForEvent('filechooser'), phone.view.locator('wx-button', { hasText: /^同意$/ }).click()])
    await album.setFiles(PHOTO)
    await phone.view.getByLabel('要发的照片').waitFor()
    await phone.view.getByLabel('要说的话').locator('textarea').fill('水管是这样的')
    await phone.tap('发送')
    await phone.view.getByLabel('看大照片').waitFor()

    const manager = await stage.desk('demo-provider')
    await manager.open(one.case_no)
    await manager.page.locator('.said-list').getByText('水管是这样的').waitFor()
    assert.equal(await manager.page.locator('.said-list .files img').count(), 1)
    await manager.page.locator('#talk-file').setInputFiles(PHOTO)
    await manager.page.locator('form[action$="/attachments"] button').click()
    const reply = manager.page.locator('form[action$="/messages"]')
    await reply.locator('[name^="attachments:"]').first().check()
    await reply.locator('textarea').fill('好的，带这样的零件来')
    await reply.locator('button').click()
    await manager.page.locator('.said-list').getByText('好的，带这样的零件来').waitFor()

    await phone.page.reload()
    await phone.see('好的，带这样的零件来')
    assert.equal(await phone.view.getByLabel('看大照片').count(), 2)
    await phone.view.getByLabel('看大照片').last().click()
    const large = phone.page.locator('.veil.picture img')
    await large.waitFor()
    assert.ok(await large.evaluate((picture) => picture.decode().then(() => picture.naturalWidth > 0)))
    await phone.wellBehaved()
    await phone.close()
  })

  test('whoever is not satisfied complains, and sees it with the case', async () => {
    const one = await booked('demo-resident-104', CLEANING, 3)
    await served(one, one.details.start_code)
    const phone = await stage.phone('demo-resident-104', { start: casePage(one) })
    await phone.tap('我要投诉')
    await phone.see('哪里不满意')
    await phone.view.getByRole('radio').first().click()
    await phone.view.getByLabel('经过').locator('textarea').fill('厨房没有擦')
    await phone.tap('提交投诉')
    await phone.see('厨房没有擦')
    await phone.page.goto(phone.page.url().replace(/#.*/, `#/${casePage(one)}`))
    await phone.page.reload()
    await phone.see('看我的投诉')
    await phone.wellBehaved()
    await phone.close()
  })

  test('large text stays large when the program is started again', async () => {
    await (await elsewhere('demo-resident-105'))('POST', '/v1/me', { preferences: { large_text: false } })
    const phone = await stage.phone('demo-resident-105', { start: 'pages/me/index' })
    await phone.see('大字')
    const size = () => phone.view.getByText('消息订阅').first().evaluate((text) => parseFloat(getComputedStyle(text).fontSize))
    const before_ = await size()
    const kept = phone.page.waitForResponse((answer) => answer.url().endsWith('/v1/me') && answer.request().method() === 'POST')
    await phone.view.getByLabel('大字').click()
    await kept
    assert.ok((await size()) > before_)
    await phone.page.reload()
    await phone.see('大字')
    assert.ok((await size()) > before_)
    await phone.wellBehaved()
    await phone.close()
  })

  test('whoever wants no messages books all the same, and prolongs on the way', async () => {
    const resident = 'demo-resident-106'
    const call = await elsewhere(resident)
    const had = (await call('GET', '/v1/cases')).items.length
    const phone = await stage.phone(resident, { start: `packages/services/pages/service/index?id=${CLEANING}`, settings: { subscriptions: 'reject' } })
    await phone.tap('后天')
    await phone.view.getByRole('radio', { name: '剩' }).first().click()
    await phone.tap('就约这个')
    await phone.tap('下一步')
    await phone.tap('再留几分钟')
    await phone.view.getByText('再留几分钟').waitFor({ state: 'detached' })
    await phone.tap('提交预约')
    await phone.see('已经交给商家了')
    const { items } = await call('GET', '/v1/subscriptions')
    assert.ok(items.some((one) => one.state === 'rejected') && items.every((one) => !one.credits))
    assert.equal((await call('GET', '/v1/cases')).items.length, had + 1)
    await phone.wellBehaved()
    await phone.close()
  })

  test('on the first day nothing is sent before the rules are agreed to, and no phone number before privacy', async () => {
    const phone = await stage.phone('demo-resident-107', { agreed: false })
    const asked = []
    phone.page.on('request', (request) => /\/(api|sandbox)\//.test(request.url()) && asked.push(request.url()))
    await phone.page.reload()
    await phone.see('欢迎来到诃额伦社区')
    await phone.page.evaluate(() => new Promise((idle) => window.requestIdleCallback(idle)))
    assert.deepEqual(asked, [])
    await phone.tap('同意，开始使用')
    await phone.see('按类别找')
    assert.ok(asked.length)

    await phone.page.locator('.phone-tabs').getByText('我的', { exact: true }).click()
    await phone.view.locator('wx-button', { hasText: /绑定|换一个/ }).click()
    await phone.see('要用到您的个人信息')
    assert.ok(!asked.some((url) => /phone/.test(url)))
    await phone.view.locator('wx-button', { hasText: '不同意' }).click()
    await phone.view.getByText('要用到您的个人信息').waitFor({ state: 'hidden' })
    assert.ok(!asked.some((url) => /phone/.test(url)))
    await phone.view.locator('wx-button', { hasText: /绑定|换一个/ }).click()
    await phone.view.locator('wx-button', { hasText: /^同意$/ }).click()
    await phone.page.getByText('手机号已绑定').waitFor()
    await phone.wellBehaved()
    await phone.close()
  })

  test('a daughter books for her mother: at the mother’s home, and both can see for whom', async () => {
    const mother = await elsewhere('demo-resident-108')
    const daughter = await elsewhere('demo-resident-109')
    const { code } = await mother('POST', '/v1/proxies', { scopes: ['bookings'], days: 30, relation: '母亲' })
    await daughter('POST', '/v1/proxies/accept', { code })
    const { name } = await mother('GET', '/v1/me')
    const phone = await stage.phone('demo-resident-109', { start: `packages/services/pages/service/index?id=${CLEANING}` })
    await phone.tap('后天')
    await phone.view.getByRole('radio', { name: '剩' }).last().click()
    await phone.tap('就约这个')
    await phone.tap(`母亲 ${name}`)
    await phone.see(`${name}自己登记的住址`)
    await phone.tap('下一步')
    await phone.tap('提交预约')
    await phone.see(`替 ${name} 办的`)
    const { items } = await mother('GET', '/v1/cases')
    assert.equal(items[0].details.contact_name, name)
    await phone.page.evaluate(() => preview.wx.reLaunch({ url: '/pages/cases/index' }))
    await phone.see(`替 ${name}`)
    await phone.wellBehaved()
    await phone.close()
  })
})
