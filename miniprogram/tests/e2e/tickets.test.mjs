// Tickets from the first tap to money given back: three travel, one gets no ticket, one changes theirs, one gives it back; the agent at
// the console in between, who sees documents only after saying why.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CONSOLE, elsewhere, open, until } from './stage.mjs'

const RESIDENT = 'demo-resident-172'
const AGENT = 'demo-dispatcher'
/** The first of the made-up numbers. */
const FIRST = 610
const HOME = 'pages/home/index'
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

let stage
before(async () => {
  stage = await open()
  await strangers(await elsewhere(RESIDENT))
})
after(() => stage.close())

/** Whoever was written down before is so no more: the test may run again on the same demo. */
async function strangers(call) {
  for (const { id } of (await call('GET', '/v1/passengers')).items) await call('DELETE', `/v1/passengers/${id}`)
}

/** A made-up number of an identity card. */
function numbered(year, at) {
  const body = `152701${year}0308${String(at).padStart(3, '0')}`
  return body + '10X98765432'[WEIGHTS.reduce((sum, weight, place) => sum + weight * Number(body[place]), 0) % 11]
}

const inDays = (days) => new Date(Date.now() + 8 * 3600_000 + days * 24 * 3600_000).toISOString().slice(0, 10)
const field = (phone, label) => phone.view.getByLabel(label, { exact: true }).locator('input')

async function addPassenger(phone, name, year, at) {
  await phone.tap('加一个人')
  await field(phone, '姓名').fill(name)
  await field(phone, '证件号').fill(numbered(year, at).slice(0, 17))
  await phone.tap('存好')
  await phone.see('应该是 18 位')
  await field(phone, '证件号').fill(numbered(year, at))
  await phone.tap('存好')
  await phone.view.getByRole('checkbox', { checked: true }).nth(at - FIRST).waitFor()
}

/** The form of a move on the agent's page, filled in by name; then what is done has been said. */
async function enter(desk, caseNo, action, given = {}) {
  await desk.page.goto(`${CONSOLE}/console/tickets/${caseNo}`)
  const form = desk.page.locator(`#form-${action}`)
  for (const [name, value] of Object.entries(given)) {
    const box = form.locator(`[name="${name}"]`)
    if ((await box.first().evaluate((one) => one.type)) === 'radio') await form.locator(`[name="${name}"][value="${value}"]`).check({ force: true })
    else if ((await box.first().evaluate((one) => one.tagName)) === 'SELECT') await box.selectOption(value)
    else await box.fill(value)
  }
  await form.locator('button.button').last().click()
  await desk.page.locator('.flash:visible').first().waitFor()
}

async function fillIn(phone) {
  await phone.tap('车票机票')
  await phone.tap('呼和浩特东')
  await phone.view.getByLabel('哪一天走').locator('input').fill(inDays(9))
  await field(phone, '第 1 选车次').fill('D6767')
  await phone.tap('再加一趟')
  await field(phone, '第 2 选车次').fill('K574')
  await phone.tap('下一步')
  await phone.see('证件号只用来买票')
  for (const [at, [name, year]] of [['李秀兰', 1950], ['王建国', 1990], ['王小明', 1992]].entries()) await addPassenger(phone, name, year, at + FIRST)
  await phone.tap('能买几张买几张')
  await phone.tap('下一步')
  await field(phone, '每张票最多多少元').fill('100')
  await phone.view.getByRole('radio').filter({ hasText: '前' }).last().click()
  await phone.tap('下一步')
  await phone.see('3 个人最多 300.00 元')
  await phone.tap('提交，等报价')
}

test('three travel: the price is agreed to and paid, one gets no ticket, one changes, one gives back', async () => {
  const phone = await stage.phone(RESIDENT, { start: HOME })
  const desk = await stage.desk(AGENT)
  const call = await elsewhere(RESIDENT)
  await fillIn(phone)
  await phone.see('等代办员报价')
  const { items: [{ case_no: caseNo }] } = await call('GET', '/v1/cases?kind=ticket&limit=1')
  const seen = () => call('GET', `/v1/cases/${caseNo}`)
  const again = () => phone.page.evaluate(() => preview.wx.startPullDownRefresh())
  const [one, two, three] = (await seen()).details.passengers.map((each) => each.id)

  await desk.page.goto(`${CONSOLE}/console/tickets?queue=price`)
  await desk.page.locator(`[data-row="${caseNo}"]`).click()
  assert.ok(!(await desk.page.content()).includes(numbered(1950, FIRST)), 'no document before anybody has said why')
  await desk.page.getByText('看姓名和证件号').click()
  await desk.page.locator('#why').selectOption('identity')
  await desk.page.locator('#form-reveal button').click()
  await desk.page.getByText(numbered(1950, FIRST)).waitFor()
  await enter(desk, caseNo, 'quote', { price: '86.50' })

  await again()
  await phone.see('给您的报价')
  await phone.see('还剩')
  await phone.tap('同意报价，去付款')
  await phone.answer('是的')
  await phone.view.locator('wx-button', { hasText: '微信支付' }).click()
  await phone.page.locator('.sheet.pay').getByText('确认支付').click()
  await phone.see('已缴清')
  await until(async () => (await seen()).paid_fen || (await seen()).details.paid_fen, 'the payment at the order')

  await enter(desk, caseNo, 'record', {
    record_no: 'E123456789', [`carriage.${one}`]: '05', [`seat.${one}`]: '3F', [`carriage.${two}`]: '05', [`seat.${two}`]: '4F', [`ok.${three}`]: 'no', [`reason.${three}`]: '没有票了',
  })
  await phone.page.evaluate((no) => preview.wx.redirectTo({ url: `/packages/cases/pages/case/index?case_no=${no}` }), caseNo)
  await phone.see('5 车厢 3F')
  await phone.see('没有票了')

  await phone.tap('改签')
  await phone.view.getByRole('checkbox').first().click()
  await phone.view.getByLabel('想改成什么').locator('input, textarea').first().fill('下午的车')
  await phone.view.locator('wx-button', { hasText: '改签' }).last().click()
  await phone.see('正在找改签的车次')
  await enter(desk, caseNo, 'offer_change', { number: 'D6769', seat_class: 'second', depart_at: `${inDays(9)}T15:30`, price: '86.50' })
  await again()
  await phone.see('可以改成这一趟')
  await phone.tap('同意改签')
  await phone.answer('是的')
  await until(async () => (await seen()).actions.every((each) => each.name !== 'accept_change'), 'the change agreed to')
  const { details: { change } } = await seen()
  assert.equal(change.pay_fen, 0, change.pay_text)
  await enter(desk, caseNo, 'confirm_bought_change', { record_no: 'E987654321', [`carriage.${one}`]: '08', [`seat.${one}`]: '1A' })
  await again()
  await phone.see('8 车厢 1A')

  await phone.tap('退票')
  await phone.view.getByRole('checkbox').last().click()
  await phone.view.locator('wx-button', { hasText: '退票' }).last().click()
  await phone.see('退票能退多少')
  await phone.see('还没有退')
  const { details: { refund } } = await seen()
  assert.deepEqual(refund.lines.map((line) => line.passenger_id), [two])
  await phone.tap('确认退票')
  await phone.answer('是的')
  await phone.see('正在退票')
  await enter(desk, caseNo, 'record_refund')
  await again()
  await phone.see('已退票')
  await until(async () => (await seen()).details.back_fen >= refund.back_fen, 'money given back')
  await phone.wellBehaved()
  await phone.close()
  await desk.close()
})
