// A settlement with the post office in a browser: frozen and sent by one, compared, confirmed by another, and paid to the fen.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import { after, before, test } from 'node:test'
import { CONSOLE, control, elsewhere, open, until } from './stage.mjs'

const HOME = `${CONSOLE}/console/settlements`
const RESIDENT = 'demo-resident-016'
const PAYEE = 'payee-telecom'
const WIDTHS = { desk: 1280, phone: 390 }
const shots = process.env.E2E_SHOTS
let stage

before(async () => {
  stage = await open()
})
after(() => stage.close())

/** Pictures are for looking at, when somebody asks for them. */
async function shot(page, name) {
  if (!shots) return
  for (const [width, pixels] of Object.entries(WIDTHS)) {
    await page.setViewportSize({ width: pixels, height: 900 })
    await page.screenshot({ path: `${shots}/${name}-${width}.png`, fullPage: true })
  }
  await page.setViewportSize({ width: WIDTHS.desk, height: 900 })
}

/** Two bills that a resident has paid with points alone. */
async function paid() {
  const call = await elsewhere(RESIDENT)
  const account = `E2E${Date.now()}`
  for (const fen of [1210, 830]) {
    await control('payee-bills', { bill_no: `${account}-${fen}`, payee: PAYEE, account_no: account, period: '2026-11', amount_fen: fen, due: '2099-12-20' })
  }
  const { items } = await call('POST', '/v1/bills/lookups', { payee_id: PAYEE, account_no: account })
  for (const bill of items) {
    const { id } = await call('POST', `/v1/bills/${bill.id}/pay`, { points_fen: bill.amount_fen })
    await until(async () => (await call('GET', `/v1/payments/${id}`)).state === 'settled', 'the payment')
  }
}

const press = (page, ending) => page.locator(`form[action$="/${ending}"] button`).first().click()

async function downloaded(page) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator('a[href$="/file"]').first().click()])
  return fs.readFileSync(await file.path(), 'utf8')
}

test('a batch is frozen and sent by one, confirmed by another, and every difference has its way out', async () => {
  await paid()
  const [{ page }, other] = await Promise.all([stage.desk('demo-accountant'), stage.desk('demo-admin')])
  await page.goto(HOME)
  await shot(page, 'settlements-before')
  await press(page, 'settlements')
  await page.getByText('新批次已建好').waitFor()
  await page.locator('.records a[href*="/settlements/YJ-"]').first().click()
  const address = page.url()
  await until(async () => {
    await page.goto(address)
    return (await page.locator('.records tbody tr').count()) >= 2
  }, 'rows of the batch')
  await shot(page, 'settlement-open')
  await press(page, 'freeze')
  await page.getByText('已冻结，明细和金额不再变').waitFor()
  await shot(page, 'settlement-frozen')
  const ours = await downloaded(page)
  assert.match(ours, /^H,1,YJ-/)
  await press(page, 'send')
  await page.getByText('已记下，等邮政的回执文件').waitFor()

  const { content } = await control('post-office', { content: ours, refused: 1, unknown: 1 })
  await page.goto(HOME)
  await page.locator('#file').setInputFiles({ name: 'answer.csv', mimeType: 'text/csv', buffer: Buffer.from(content) })
  await press(page, 'files')
  await page.locator('[data-state="compared"]').waitFor()
  await page.getByText('卡已注销').waitFor()
  await shot(page, 'settlement-file')
  await page.goto(address)
  await page.getByText('要由另一位同事确认').waitFor()
  await shot(page, 'settlement-sent')

  await other.page.goto(address)
  await press(other.page, 'confirm')
  await other.page.getByText('比对已确认，等邮政到账').waitFor()
  const received = await other.page.locator('[data-open]').innerText()
  await page.goto(address)
  await page.locator('#reference').fill(`BANK-${Date.now()}`)
  await page.locator('#amount').fill(received)
  await press(page, 'receipts')
  await page.getByText('已登记，等另一位同事确认').waitFor()
  await other.page.goto(address)
  await shot(other.page, 'settlement-money')
  await other.page.getByText('钱到了，确认').click()
  await other.page.locator('[data-state="difference"]').waitFor()
  await shot(other.page, 'settlement-difference')

  await page.goto(`${HOME}/differences`)
  await shot(page, 'differences')
  for (const kind of ['邮政拒付', '我方没有']) {
    await page.goto(address)
    await page.locator('.records').getByText(kind, { exact: true }).click()
    await page.locator('#text').fill('已打电话问过邮政')
    await press(page, 'note')
    await page.getByText('已记下').waitFor()
    await page.locator(`[name="how"][value="${kind === '邮政拒付' ? 'write_off' : 'next'}"]`).check()
    await page.locator('#reason').fill('与邮政核对过')
    if (kind === '邮政拒付') await shot(page, 'difference-open')
    await press(page, 'resolve')
    await page.locator('.flash').getByText(kind === '邮政拒付' ? '等另一位同事复核' : '已处理').waitFor()
    if (kind === '邮政拒付') {
      await shot(page, 'difference-proposed')
      await other.page.goto(page.url())
      await press(other.page, 'approve')
      await other.page.getByText('已同意并记账').waitFor()
      await shot(other.page, 'difference-done')
    }
  }
  await page.goto(address)
  await page.locator('[data-state="paid"]').waitFor()
  assert.equal(await page.locator('[data-open]').innerText(), '0.00')
  await shot(page, 'settlement-paid')
  await page.goto(HOME)
  await shot(page, 'settlements')
  await Promise.all([page.context().close(), other.close()])
})
