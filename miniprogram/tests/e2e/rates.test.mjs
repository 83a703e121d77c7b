// The desk of points in a browser: rates go from one accountant's form to another's approval, and a statement file is sent,
// watched on its way and its rejects read.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { after, before, test } from 'node:test'
import { CONSOLE, open } from './stage.mjs'

const DAY_MS = 86_400_000
const LINES = 400
const UNKNOWN = 40

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

const day = (from) => new Date(Date.now() + from * DAY_MS + 8 * 3_600_000).toISOString().slice(0, 10)

test('rates are written by one, tried and approved by another', async () => {
  const author = await stage.desk('demo-accountant')
  await author.page.goto(`${CONSOLE}/console/rates/new`)
  await author.page.locator('[name=valid_from]').fill(day(3))
  await author.page.locator('[name="campaign0.name"]').fill('冬至双倍')
  await author.page.locator('[name="campaign0.percent"]').fill('200')
  await author.page.locator('[name="campaign0.category"]').fill('')
  await author.page.locator('[name="campaign0.first"]').fill(day(3))
  await author.page.locator('[name="campaign0.last"]').fill(day(4))
  await author.page.locator('[name="rate0.percent"]').fill('一半')
  await author.page.getByRole('button', { name: '交审核' }).click()
  await author.page.locator('[name="rate0.percent"][aria-invalid]').waitFor()
  assert.equal(await author.page.locator('[name="campaign0.name"]').inputValue(), '冬至双倍', 'what was written is kept')
  await author.page.locator('[name="rate0.percent"]').fill('0.6')
  await author.page.getByRole('button', { name: '交审核' }).click()
  await author.page.getByText('要由另一位同事审核').waitFor()
  assert.equal(await author.page.getByRole('button', { name: /批准/ }).count(), 0)

  const other = await stage.desk('demo-admin')
  await other.page.goto(author.page.url())
  await other.page.locator('#yuan').fill('250')
  await other.page.getByRole('button', { name: '试算' }).click()
  await other.page.getByText('250.00 元 × 0.6 % × 200 %（冬至双倍）').waitFor()
  await other.page.getByRole('button', { name: /批准/ }).click()
  await other.page.locator('.flash', { hasText: '已批准' }).waitFor()
  await other.page.goto(`${CONSOLE}/console/rates/campaigns`)
  await other.page.locator('tr', { hasText: '冬至双倍' }).getByText('还没开始').waitFor()
  await Promise.all([author.close(), other.close()])
})

/** A file of one terminal's yesterday, some of whose lines nobody can take. */
function statement() {
  const from = day(-1)
  const rows = Array.from({ length: LINES }, (_, at) => {
    const category = at < UNKNOWN ? 'nonsense' : 'grocery'
    return `D,T0001,${Date.now() % 1_000_000},${at + 1},6221990000000000123,${category},100,${from}T09:30:00,`
  })
  return Buffer.from([`H,1,${from.replaceAll('-', '')}`, ...rows, `T,${LINES},${LINES * 100}`, ''].join('\n'))
}

test('a statement file is sent with its progress, posted while one watches, and known when it comes again', async () => {
  const desk = await stage.desk('demo-accountant')
  const content = { name: 'day.csv', mimeType: 'text/csv', buffer: statement() }
  const send = async (file) => {
    await desk.page.goto(`${CONSOLE}/console/pos-files`)
    await desk.page.locator('#file').setInputFiles(file)
    await desk.page.getByRole('button', { name: '上传' }).click()
  }
  await send({ ...content, buffer: Buffer.alloc(0) })
  await desk.page.locator('.wrong', { hasText: '没有收到文件内容' }).waitFor()
  const progress = desk.page.locator('[data-sent-so-far]', { hasText: '已传' })
  await desk.page.route('**/console/pos-files', async (route) => {
    if (route.request().method() === 'POST') await progress.waitFor()
    await route.continue()
  })
  await desk.page.locator('#file').setInputFiles(content)
  await desk.page.getByRole('button', { name: '上传' }).click()
  await desk.page.waitForURL(/pos-files\/[0-9a-f]{64}$/)
  await desk.page.locator('.flash', { hasText: '文件已收到' }).waitFor()
  await desk.page.evaluate(() => { window.sameDocument = true })
  await desk.page.locator('[data-state=posted]').waitFor()
  assert.equal(await desk.page.evaluate(() => window.sameDocument), true, 'the page was not loaded again')
  await desk.page.getByText(`没有收的行（${UNKNOWN}）`).waitFor()
  assert.match(await desk.page.locator('.code').first().textContent(), /nonsense/)
  await send(content)
  await desk.page.locator('.flash', { hasText: '以前传过，不会重复入账' }).waitFor()
  await desk.close()
})
