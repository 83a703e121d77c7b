// The staff's console in a browser: open pages change by themselves, what somebody is writing stays, the keyboard is enough,
// a tap on a card in WeCom reaches the page of whoever watches and the phone of whoever waits, and whom WeChat told nothing
// is called by one clerk and not by two. How long things take is printed, not asserted.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { again } from './office.mjs'
import { CONSOLE, PATIENCE_MS, atWork, control, elsewhere, open, until } from './stage.mjs'

const CLEANING = 'svc01'
const DAY = 4

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

/** A booking by a resident. → its case */
async function booked(resident, late = 0) {
  const call = await elsewhere(resident)
  const { days } = await call('GET', `/v1/services/${CLEANING}/slots`)
  const free = days.slice(DAY).map((one) => one.slots.filter((slot) => slot.free)).find((slots) => slots.length > late)
  return call('POST', '/v1/bookings', { service_id: CLEANING, start: free[late].start })
}

/** The same, by taps. → its number */
async function bookedOn(phone) {
  await phone.see('按类别找')
  await phone.tap('约上门服务')
  await phone.tap('日常保洁 2 小时')
  await phone.see('选一个时间')
  await phone.view.getByRole('radio', { name: '，剩' }).last().click()
  await phone.tap('就约这个')
  await phone.see('到时联系谁')
  await phone.tap('下一步')
  await phone.see('这个时间给您留着')
  await phone.tap('提交预约')
  await phone.see('已经交给商家了')
  return (await phone.view.locator('[class*="number"]').first().textContent()).trim()
}

const listening = (page) => page.locator('[data-live-told]').filter({ hasText: '更新' }).waitFor()

/** How long it takes from the act until it is seen, said aloud. */
async function timed(t, what, act, seen) {
  const began = performance.now()
  await act()
  const acted = performance.now()
  await seen()
  t.diagnostic(`${what}: ${Math.round(performance.now() - began)} ms after it was begun, ${Math.round(performance.now() - acted)} ms after it was answered`)
}

test('an open case changes by itself, and what is being written stays', async (t) => {
  const { case_no: caseNo } = await booked('demo-resident-061')
  const desk = await stage.desk('demo-provider')
  await desk.open(caseNo)
  await listening(desk.page)
  const reply = desk.page.locator('#talk-text')
  await reply.fill('师傅会带梯')
  const reject = desk.page.locator('details:has(#form-reject)')
  await reject.locator('summary').click()
  await reply.focus()
  await desk.page.evaluate(() => { window.sameDocument = true })

  const colleague = await atWork('demo-provider')
  await timed(t, 'a move shown on an open page', () => colleague('POST', `/v1/cases/${caseNo}/confirm`, {}), () => desk.page.locator('.now .pill').filter({ hasText: '已确认' }).waitFor())

  assert.equal(await desk.page.evaluate(() => window.sameDocument), true, 'the page was not loaded again')
  assert.equal(await reply.inputValue(), '师傅会带梯')
  assert.equal(await desk.page.evaluate(() => document.activeElement.id), 'talk-text')
  await desk.page.locator('#form-assign').waitFor()
  await desk.page.locator('[data-changed]').waitFor()
  await desk.page.keyboard.type('子')
  await desk.page.locator('#talk-form button').click()
  await desk.page.locator('.said-list').getByText('师傅会带梯子').waitFor()
  await desk.close()
})

test('a message from the resident and a note of a colleague appear by themselves', async () => {
  const { case_no: caseNo } = await booked('demo-resident-062', 1)
  const desk = await stage.desk('demo-provider')
  await desk.open(caseNo)
  await listening(desk.page)
  await (await elsewhere('demo-resident-062'))('POST', `/v1/cases/${caseNo}/messages`, { text: '门铃坏了' })
  await desk.page.locator('#talk').getByText('门铃坏了').waitFor()
  await (await atWork('demo-dispatcher'))('POST', `/v1/cases/${caseNo}/notes`, { text: '已和商家通过电话' })
  await desk.page.locator('#notes').getByText('已和商家通过电话').waitFor()
  await desk.close()
})

test('a new booking comes into the inbox by itself, and the keyboard opens it', async (t) => {
  const desk = await stage.desk('demo-provider')
  await desk.page.goto(`${CONSOLE}/console?box=unassigned`)
  await listening(desk.page)
  let caseNo
  await timed(
    t, 'a booking shown in an open inbox',
    async () => { caseNo = (await booked('demo-resident-063', 2)).case_no },
    () => desk.page.locator(`[data-row="${caseNo}"]`).waitFor(),
  )
  await desk.page.keyboard.press('?')
  await desk.page.getByRole('dialog').getByText('下一件、上一件').waitFor()
  await desk.page.keyboard.press('Escape')
  await until(async () => {
    await desk.page.keyboard.press('j')
    return (await desk.page.locator('.case.sel').getAttribute('data-row')) === caseNo
  }, 'the new row, going down')
  await desk.page.keyboard.press('Enter')
  await desk.page.waitForURL(`**/console/cases/${caseNo}`)
  await desk.page.keyboard.press('u')
  await desk.page.waitForURL('**/console')
  await desk.page.keyboard.press('/')
  await desk.page.keyboard.type(caseNo)
  await desk.page.keyboard.press('Enter')
  await desk.page.getByText('找到 1 件').waitFor()
  await desk.close()
})

test('without a line the page asks from time to time', async () => {
  const { case_no: caseNo } = await booked('demo-resident-064', 3)
  const desk = await stage.desk('demo-provider')
  await desk.page.route('**/console/live', (route) => route.fulfill({ status: 503, body: '' }))
  await desk.page.clock.install()
  await desk.open(caseNo)
  await desk.page.locator('[data-live-told]').filter({ hasText: '每 15 秒' }).waitFor()
  await (await atWork('demo-provider'))('POST', `/v1/cases/${caseNo}/confirm`, {})
  await desk.page.clock.runFor(17_000)
  await desk.page.locator('.now .pill').filter({ hasText: '已确认' }).waitFor()
  await desk.close()
})

test('whoever signs out elsewhere is signed out on the open page', async () => {
  const desk = await stage.desk('demo-operator')
  await desk.page.goto(`${CONSOLE}/console`)
  await listening(desk.page)
  const other = await desk.page.context().newPage()
  await other.goto(`${CONSOLE}/console/me`)
  await other.locator('form[action="/console/logout"]').last().locator('button').click()
  await other.waitForURL('**/console/logout')
  await desk.page.waitForURL((address) => !String(address).startsWith(`${CONSOLE}/console?`) && !String(address).endsWith('/console'))
  await desk.close()
})

/** The newest card of a member with such a button. → { task_id, key } */
function card(userid, text) {
  return until(async () => {
    const { items } = await control(`messages?userid=${userid}`)
    for (const { card: shown } of items.filter((one) => one.card).reverse()) {
      const button = (shown.button_list ?? []).find((one) => one.text === text)
      if (button) return { task_id: shown.task_id, key: button.key }
    }
    return null
  }, `a card for ${userid} with ${text}`)
}

test('a booking from the phone reaches a card in WeCom, the tap reaches the open page and the phone', async (t) => {
  const resident = 'demo-resident-065'
  const phone = await stage.phone(resident)
  const caseNo = await bookedOn(phone)

  const desk = await stage.desk('demo-dispatcher')
  await desk.open(caseNo)
  await listening(desk.page)
  const confirm = await card('demo-provider', '确认接单')
  await timed(
    t, 'the provider\'s tap shown on the open page',
    () => control('taps', { userid: 'demo-provider', ...confirm }),
    () => desk.page.locator('.now .pill').filter({ hasText: '已确认' }).waitFor(),
  )
  const manager = await atWork('demo-provider')
  const { items } = await manager('GET', `/v1/cases/${caseNo}/candidates`)
  const worker = items.find((one) => one.free && !one.reasons.length).id
  await manager('POST', `/v1/cases/${caseNo}/assign`, { worker_id: worker })
  await desk.page.locator('.now .pill').filter({ hasText: '已派师傅' }).waitFor()

  const accept = await card(worker, '接单')
  await timed(
    t, 'the worker\'s tap shown on the open page',
    () => control('taps', { userid: worker, ...accept }),
    () => desk.page.locator('.timeline .current').filter({ hasText: '接单' }).waitFor(),
  )
  await again(phone)
  await phone.see('接单')
  const { items: steps } = await (await elsewhere(resident))('GET', `/v1/cases/${caseNo}/history`)
  assert.deepEqual(steps.slice(-1).map((one) => [one.action, one.channel]), [['acknowledge', 'wecom']])
  await desk.close()
  await phone.close()
})

const CALLS = `${CONSOLE}/console/return-calls`

/** The queue in another browser that hears of nothing that happens meanwhile, as often as it is opened. */
async function leftOpen(userid, times) {
  const { page } = await stage.desk(userid)
  const context = page.context()
  context.setDefaultTimeout(PATIENCE_MS)
  await context.route('**/console/**', (route) => (['fetch', 'eventsource'].includes(route.request().resourceType()) ? route.abort() : route.fallback()))
  const pages = await Promise.all(Array.from({ length: times }, () => context.newPage()))
  await Promise.all(pages.map((one) => one.goto(CALLS)))
  return { pages, close: () => context.close() }
}

test('whom WeChat told nothing is called by one clerk, a second one is told so, and the message stays in the inbox', async () => {
  const resident = 'demo-resident-082'
  const call = await elsewhere(resident)
  await call('PATCH', '/v1/me', { preferences: { quiet_hours: { start: '00:00:00', end: '00:00:00' } } })
  const { phone: number, name } = await call('GET', '/v1/me')
  const phone = await stage.phone(resident, { settings: { subscriptions: 'reject' } })
  const caseNo = await bookedOn(phone)
  const { page } = await stage.desk('demo-clerk')
  await page.goto(CALLS)
  await listening(page)
  await (await atWork('demo-provider'))('POST', `/v1/cases/${caseNo}/reject`, { reason: '师傅都排满了' })

  const waits = page.locator('.call', { has: page.locator(`a[href$="${caseNo}"]`) })
  await waits.getByText('没有订阅，或者次数用完了').waitFor()
  const shown = await page.locator('main').innerText()
  assert.ok(!shown.includes(number) && !shown.includes(name), 'masked until somebody calls')
  const id = await waits.getAttribute('id')
  const colleague = await leftOpen('clerk-01', 2)
  const take = (on) => on.locator(`#${id}`).getByRole('button', { name: '我来打' })
  await Promise.all(colleague.pages.map((one) => take(one).waitFor()))

  const refused = async (on, words) => {
    await take(on).click()
    await on.getByRole('alert').getByText(words).waitFor()
    await on.getByRole('heading', { name: '待回电' }).waitFor()
    assert.ok(!(await on.content()).includes(number), 'the number is for whoever calls')
    assert.equal(await take(on).count(), 0)
  }
  await take(page).click()
  await waits.locator(`a[href="tel:${number}"]`).waitFor()
  await waits.locator('blockquote').getByText('师傅都排满了').waitFor()
  await refused(colleague.pages[0], '同事正在打这通电话')
  await waits.getByRole('button', { name: '已告知' }).click()
  await page.getByRole('status').getByText('已记下：告知了').waitFor()
  await page.goto(CALLS)
  await page.getByRole('button', { name: '记错了，改回去' }).first().waitFor()
  assert.equal(await waits.count(), 0, 'nobody else is to call')
  await refused(colleague.pages[1], '这通电话已经不用打了')

  await phone.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
  await phone.view.getByRole('button', { name: '没看过，预约变更通知' }).getByText('师傅都排满了').click()
  await phone.see(caseNo)
  const { items } = await control(`messages?openid=${resident}`)
  assert.equal(items.length, 0, 'WeChat told them nothing')
  await phone.wellBehaved()
  await Promise.all([colleague.close(), page.context().close(), phone.close()])
})
