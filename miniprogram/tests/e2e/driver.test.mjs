// A driver's page on the telephone in their car and the telephone of whoever they drive: an offer comes by itself, is taken once however
// often it is tapped, and ends with cash in hand; one that nobody answers goes away by itself.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CONSOLE, atWork, elsewhere, open, until } from './stage.mjs'

/** Neither of them lives or drives near those of the other tests. */
const [DRIVER, RESIDENT] = ['driver-001', 'demo-resident-100']
const PAGE = `${CONSOLE}/console/driver`
const SCREEN = { width: 390, height: 844 }
const HALF_S = 8
/** Of the circle, in percent. */
const HALF = 40
/** After the last second: whoever nobody else can come to is asked again somewhat later. */
const LATEST_MS = 4000

let stage
let car
let home
let goal
before(async () => {
  stage = await open()
  const call = await elsewhere(RESIDENT)
  await cleared(call)
  const [{ household }, { items }] = [await call('GET', '/v1/me'), await call('GET', '/v1/places')]
  home = items.find((one) => one.id === household.compound_id)
  goal = items.find((one) => one.spot && one.id !== home.id)
  const desk = await stage.desk(DRIVER, {
    viewport: SCREEN, isMobile: true, hasTouch: true, permissions: ['geolocation'], geolocation: { longitude: home.spot.lng, latitude: home.spot.lat, accuracy: 8 },
  })
  car = desk.page
})
after(async () => {
  await cleared(await elsewhere(RESIDENT))
  await (await atWork(DRIVER))('POST', '/v1/driver/duty', { on: false })
  await stage.close()
})

/** Nobody is called any more, also after a test that failed. */
async function cleared(call) {
  for (const { case_no: caseNo } of (await call('GET', '/v1/cases?open=true&kind=ride')).items) await call('POST', `/v1/cases/${caseNo}/cancel`, {}).catch(() => {})
}

const offer = () => car.locator('[data-offer]')
const button = (text) => car.getByRole('button', { name: text, exact: true })
const said = (text) => car.locator('#said').getByText(text).waitFor()
const secondsLeft = async () => Number(await car.locator('[data-left-text]').textContent())

test('an offer rings on the page, a double tap takes it once, and the ride ends with cash in hand', async () => {
  const phone = await stage.phone(RESIDENT, { start: 'packages/rides/pages/order/index' })
  await car.waitForURL(PAGE)
  await button('开始接单').tap()
  await said('已开始接单')
  await car.getByText('位置正在发送').waitFor()
  await car.getByText(/位置 \d+ 秒前更新/).waitFor()

  await phone.view.getByLabel('到哪里去，还没有选').click()
  await phone.see('小区')
  await phone.view.locator('.place').filter({ hasText: '火车站' }).first().click()
  await phone.see('怎么算的')
  await phone.view.getByRole('radio', { name: '现金' }).first().click()
  await phone.tap('叫车')
  await offer().waitFor()
  assert.equal(await car.title(), '有新单！请接单')
  const left = await secondsLeft()
  await until(async () => (await secondsLeft()) < left, 'the seconds to run')
  assert.equal(await car.evaluate(() => document.body.dataset.rang), await offer().getAttribute('data-offer'))
  await offer().getByText(home.name).waitFor()

  const accepted = []
  car.on('request', (one) => one.url().endsWith('/accept') && accepted.push(one.url()))
  await button('接单').dblclick()
  await said('已接单，请去接乘客')
  assert.equal(accepted.length, 1)
  const call = await elsewhere(RESIDENT)
  const [{ case_no: caseNo }] = (await call('GET', '/v1/cases?open=true&kind=ride')).items
  const steps = async () => (await call('GET', `/v1/cases/${caseNo}/history`)).items.map((one) => one.action)
  assert.equal((await steps()).filter((one) => one === 'accept').length, 1)
  assert.equal(await button('收车').count(), 0)

  await phone.see('上了车，念给师傅听')
  const code = (await phone.view.locator('.digits').textContent()).replace(/\s/g, '')
  await button('我到了').tap()
  await car.getByText(/免费等候还剩 \d+:\d\d/).waitFor()
  await phone.see('免费等到')
  assert.ok(!(await car.content()).includes(code))
  const box = car.locator('#code')
  await box.fill(code === '1111' ? '2222' : '1111')
  await button('乘客上车，出发').tap()
  await car.locator('#said [role="alert"]').getByText('口令').waitFor()
  await box.fill(code)
  await button('乘客上车，出发').tap()
  await car.getByText('送乘客到').waitFor()
  await phone.view.locator('.digits').waitFor({ state: 'detached' })
  await button('到达目的地，结束行程').tap()
  await said('现金已收')
  await car.getByText('空车，等着接单').waitFor()
  assert.deepEqual((await steps()).slice(-4), ['accept', 'arrive', 'board', 'complete'])
  await phone.see('评一评这趟车')
  await phone.wellBehaved()
  await phone.close()
})

test('an offer that nobody answers runs out and is gone by itself', async () => {
  const call = await elsewhere(RESIDENT)
  const at = ({ name, spot }) => ({ text: name, spot })
  const { case_no: caseNo } = await call('POST', '/v1/rides', { pickup: at(home), dropoff: at(goal) })
  await offer().waitFor()
  const asked = car.locator(`#${await offer().getAttribute('id')}`)
  const ends = performance.now() + (await secondsLeft()) * 1000
  await until(async () => (await secondsLeft()) <= HALF_S, 'half of the time')
  assert.ok(Number(await car.locator('[data-ring]').getAttribute('stroke-dashoffset')) > HALF)
  await asked.waitFor({ state: 'detached' })
  const late = performance.now() - ends
  assert.ok(late < LATEST_MS, `gone after ${Math.round(late)} ms`)
  await call('POST', `/v1/cases/${caseNo}/cancel`, {})
})
