// A resident calls a car; the driver, at the API, takes it, comes closer, waits, drives and arrives; it is paid by WeChat and rated.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CONSOLE, atWork, elsewhere, open, until } from './stage.mjs'

const ORDER = 'packages/rides/pages/order/index'
const DRIVER = 'demo-driver'
const CAR = { plate: '蒙K12345', model: '轩逸', colour: '白色' }
const STEPS = 4
/** A server that gives no rides has nothing to be walked through. */
const { paths } = await (await fetch(`${CONSOLE}/openapi.json`)).json()
const skip = '/v1/rides' in paths ? false : 'this server gives no rides'

let stage
let driver
before(async () => {
  stage = await open()
  driver = await atWork(DRIVER)
  if (!skip) await (await atWork('demo-dispatcher'))('POST', `/v1/drivers/${DRIVER}/vehicle`, CAR)
})
after(() => stage.close())

const sheet = (phone) => phone.page.locator('.phone-layer .pay')
const between = (one, other, part) => ({ lng: one.lng + (other.lng - one.lng) * part, lat: one.lat + (other.lat - one.lat) * part })
const at = (spot) => driver('PUT', '/v1/driver/position', { spot })
const car = (phone) => phone.view.locator('.map-marker[data-id="3"]')

/** To the page where everything is filled in and the price is known. */
async function priced(resident) {
  const phone = await stage.phone(resident, { start: ORDER })
  await phone.view.getByLabel('到哪里去，还没有选').click()
  await phone.see('小区')
  await phone.view.locator('.place').last().click()
  await phone.see('怎么算的')
  return phone
}

/** The driver stands near the passenger and is asked. → the number of the ride */
async function taken(phone, resident) {
  await phone.see('这趟车')
  const call = await elsewhere(resident)
  const { details } = (await call('GET', '/v1/cases?open=true&kind=ride')).items[0]
  const { id } = await until(async () => {
    await at(between(details.pickup.spot, details.dropoff.spot, 0.2)).catch(() => {})
    return (await driver('GET', '/v1/ride-offers')).items[0]
  }, 'an offer')
  await driver('POST', `/v1/ride-offers/${id}/accept`, {})
  return call
}

/** Everybody's car is far away but this one's. */
async function onDuty(resident) {
  const { household } = await (await elsewhere(resident))('GET', '/v1/me')
  const { items } = await driver('GET', '/v1/places')
  const home = items.find((one) => one.id === household.compound_id)
  await driver('POST', '/v1/driver/duty', { on: true })
  await at(home.spot)
}

describe('a ride', { skip }, () => {
  test('from the price to the stars: found, seen to come, begun with the code, paid by WeChat', async () => {
    const resident = 'demo-resident-061'
    await onDuty(resident)
    const phone = await priced(resident)
    await phone.tap('叫车')
    const call = await taken(phone, resident)
    const [{ case_no: caseNo, details }] = (await call('GET', '/v1/cases?open=true&kind=ride')).items
    await phone.see('上了车，念给师傅听')
    const code = (await phone.view.locator('.digits').textContent()).trim()
    await car(phone).waitFor()
    const seen = new Set()
    for (let step = 1; step <= STEPS; step += 1) {
      const spot = between(details.dropoff.spot, details.pickup.spot, 0.8 + (0.2 * step) / STEPS)
      await at(spot)
      await phone.view.locator(`.map-marker[data-id="3"][data-lng="${spot.lng}"]`).waitFor()
      seen.add(await car(phone).getAttribute('data-lng'))
    }
    assert.equal(seen.size, STEPS)

    await phone.tap('做一个链接')
    await phone.tap('发给家人')
    await phone.page.locator('.phone-layer').getByText('发给朋友').click()
    const { path } = await until(() => phone.page.evaluate(() => preview.settings.shared), 'a card')
    const family = await stage.phone('newcomer', { start: path.slice(1), agreed: false })
    await family.see(CAR.plate)

    const act = (action, fields = {}) => driver('POST', `/v1/cases/${caseNo}/${action}`, fields)
    await act('arrive')
    await phone.see('免费等到')
    await act('board', { code })
    await phone.view.locator('.digits').waitFor({ state: 'detached' })
    await at(details.dropoff.spot)
    await act('complete')
    await phone.see('微信支付')
    await family.see('现在看不到这趟车')
    await phone.view.locator('wx-button', { hasText: '微信支付' }).click()
    await phone.see('怎么缴')
    await phone.view.locator('.bottom wx-button', { hasText: '微信支付' }).click()
    await sheet(phone).getByText('确认支付').click()
    await phone.see('已缴清')
    await phone.page.evaluate((url) => preview.wx.reLaunch({ url }), `/packages/rides/pages/ride/index?case_no=${caseNo}`)
    await phone.see('车费已付清')
    await phone.tap('评一评这趟车')
    await phone.view.getByRole('radio', { name: '非常满意' }).first().click()
    await phone.tap('提交评价')
    await phone.see('您的评价：非常满意')
    for (const one of [phone, family]) await one.wellBehaved()
    await driver('POST', '/v1/driver/duty', { on: false })
  })

  test('without a line the car is seen all the same, and what cancelling costs is said before it is done', async () => {
    const resident = 'demo-resident-062'
    await onDuty(resident)
    const phone = await priced(resident)
    await phone.set({ sockets: 'refused' })
    await phone.tap('叫车')
    const call = await taken(phone, resident)
    const [{ details }] = (await call('GET', '/v1/cases?open=true&kind=ride')).items
    const spot = between(details.pickup.spot, details.dropoff.spot, 0.15)
    await phone.see('上了车，念给师傅听')
    await at(spot)
    await phone.view.locator(`.map-marker[data-id="3"][data-lng="${spot.lng}"]`).waitFor()
    await phone.view.locator('wx-button', { hasText: '取消' }).click()
    await phone.answer('是的')
    await phone.see('再叫一次')
    await phone.wellBehaved()
    await driver('POST', '/v1/driver/duty', { on: false })
  })
})
