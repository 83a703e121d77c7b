// The dispatch board in a browser: a day's work is dragged onto whoever does it, and an open board changes by itself.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fillDay } from '../../tools/day.mjs'
import { CONSOLE, atWork, elsewhere, open, until } from './stage.mjs'

const AHEAD = 9

let stage
let work
before(async () => {
  stage = await open()
  work = { ...(await fillDay(AHEAD)), more: [] }
})
after(async () => {
  await stage.close()
  await tidy()
})

/** Nobody's list is longer afterwards than it was. */
async function tidy() {
  const manager = await atWork('demo-provider')
  for (const caseNo of [...work.waiting, ...work.given, ...work.more]) await manager('POST', `/v1/cases/${caseNo}/cancel`, { reason: '示例收尾' })
}

const listening = (page) => page.locator('[data-live-told]').filter({ hasText: '更新' }).waitFor()
const visit = (page, caseNo) => page.locator(`[data-visit="${caseNo}"]`)
const row = (page, workerId) => page.locator(`[data-worker="${workerId}"]`)

/** As a hand does it: the drag begins before the page is scrolled to where it ends. */
async function drag(page, from, to) {
  await from.hover()
  await page.mouse.down()
  const { x, y } = await from.boundingBox()
  await page.mouse.move(x + 12, y + 12, { steps: 3 })
  await to.scrollIntoViewIfNeeded()
  await to.hover()
  await to.hover()
  await page.mouse.up()
}

/** A worker who can do it, by the API. → their id */
async function somebodyFor(caseNo) {
  const { items } = await (await atWork('demo-dispatcher'))('GET', `/v1/cases/${caseNo}/candidates`)
  return items.find((one) => one.free && !one.reasons.length).id
}

/** The board of that day, where this worker is on it. */
async function board(desk, workerId) {
  await desk.page.goto(`${CONSOLE}/console/day?date=${work.day}`)
  while (!(await row(desk.page, workerId).count())) {
    await desk.page.locator('[data-workers-next]').click()
    await desk.page.locator('#workers').waitFor()
  }
  await listening(desk.page)
}

test('a visit that is dragged onto a worker is theirs', async () => {
  const [caseNo] = work.waiting
  const workerId = await somebodyFor(caseNo)
  const desk = await stage.desk('demo-dispatcher')
  await board(desk, workerId)

  await drag(desk.page, visit(desk.page, caseNo), row(desk.page, workerId))

  await desk.page.locator('.flash').filter({ hasText: '已派给' }).waitFor()
  assert.equal(await visit(desk.page, caseNo).count(), 0)
  const { state, worker } = await (await atWork('demo-dispatcher'))('GET', `/v1/cases/${caseNo}`)
  assert.deepEqual([state, worker.id], ['assigned', workerId])
  await desk.close()
})

test('dragged onto somebody who cannot come it stays, and the board says why', async () => {
  const [, caseNo] = work.waiting
  const dispatcher = await atWork('demo-dispatcher')
  const able = (await dispatcher('GET', `/v1/cases/${caseNo}/candidates`)).items.map((one) => one.id)
  const desk = await stage.desk('demo-dispatcher')
  await desk.page.goto(`${CONSOLE}/console/day?date=${work.day}`)
  const others = await desk.page.locator('[data-worker]').evaluateAll((rows) => rows.map((one) => one.dataset.worker))
  const wrong = others.find((one) => !able.includes(one))
  await drag(desk.page, visit(desk.page, caseNo), row(desk.page, wrong))
  await desk.page.locator('.wrong[role="alert"]').waitFor()
  assert.equal((await dispatcher('GET', `/v1/cases/${caseNo}`)).worker, null)
  await visit(desk.page, caseNo).waitFor()
  await desk.close()
})

test('an open board shows what others confirm and give away, and a visit that came by itself can be dragged', async () => {
  const manager = await atWork('demo-provider')
  const [, , caseNo] = work.waiting
  const workerId = await somebodyFor(caseNo)
  const desk = await stage.desk('demo-dispatcher')
  await board(desk, workerId)
  await desk.page.evaluate(() => { window.sameDocument = true })

  await manager('POST', `/v1/cases/${caseNo}/assign`, { worker_id: workerId })
  await visit(desk.page, caseNo).waitFor({ state: 'detached' })
  await row(desk.page, workerId).locator(`a[href="/console/cases/${caseNo}"]`).waitFor()

  const resident = await elsewhere('demo-resident-130')
  const { days } = await resident('GET', `/v1/services/svc01/slots?from=${work.day}&days=1`)
  const free = days.flatMap((one) => one.slots.filter((slot) => slot.free))
  const { case_no: fresh } = await resident('POST', '/v1/bookings', { service_id: 'svc01', start: free.at(-1).start })
  work.more.push(fresh)
  await manager('POST', `/v1/cases/${fresh}/confirm`, {})
  await visit(desk.page, fresh).waitFor()
  assert.equal(await desk.page.evaluate(() => window.sameDocument), true, 'the page was not loaded again')

  const taker = await somebodyFor(fresh)
  if (!(await row(desk.page, taker).count())) await board(desk, taker)
  await until(async () => (await visit(desk.page, fresh).getAttribute('draggable')) === 'true', 'the new visit can be dragged')
  await drag(desk.page, visit(desk.page, fresh), row(desk.page, taker))
  await desk.page.locator('.flash').filter({ hasText: '已派给' }).waitFor()
  await desk.close()
})

test('the list of announcements that is open shows a new one, and what somebody is writing stays', async () => {
  const desk = await stage.desk('demo-operator')
  await desk.page.goto(`${CONSOLE}/console/announcements`)
  await listening(desk.page)
  await desk.page.locator('details.write summary').click()
  await desk.page.locator('#draft-title').fill('写到一半')
  const title = `停水通知 ${Date.now()}`
  await (await atWork('demo-admin'))('POST', '/v1/staff-announcements', { audience: { kind: 'street' }, title, text: '明天上午停水。' })
  await desk.page.locator('#list').getByText(title).waitFor()
  assert.equal(await desk.page.locator('#draft-title').inputValue(), '写到一半')
  await desk.close()
})
