// An item from the form of rows to a resident's phone: written by one, published by another, in a real browser.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CONSOLE, open, until } from './stage.mjs'

const CODE = `PATROL-${Date.now() % 1_000_000}`
const NAME = `义务巡逻证 ${CODE.slice(7)}`
const shots = process.env.E2E_SHOTS
let stage

before(async () => {
  stage = await open()
})
after(() => stage.close())

const shot = (page, name) => shots && page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })

test('a reviewer writes an item in a form of rows, an administrator publishes it, and a phone shows it', async () => {
  const { page } = await stage.desk('demo-reviewer')
  await page.goto(`${CONSOLE}/console/items`)
  await page.getByText('新建事项').click()
  await page.locator('#new-name').fill(NAME)
  await page.locator('#new-code').fill(CODE)
  await page.locator('form:has(#new-name) button.button').click()
  await page.getByText('草稿已存好').waitFor()
  await page.getByText('修改内容').click()

  const papers = page.locator('[data-rows="materials"] > [data-row-of]')
  await page.locator('[data-more="materials"]').click()
  await page.locator('[data-more="materials"]').click()
  assert.equal(await papers.count(), 3, 'rows are added without asking the server')
  await papers.nth(1).locator('[name$=".name"]').fill('体检报告')
  await papers.nth(2).locator('[name$=".name"]').fill('红袖章照片')
  await papers.nth(2).locator('[data-up]').click()
  assert.equal(await papers.nth(1).locator('[name$=".name"]').inputValue(), '红袖章照片')
  await papers.nth(2).locator('[name$=".number"]').fill('很多')
  await page.locator('.item-save .button').first().click()

  await page.getByText('第 3 份材料的“几份”').waitFor()
  const wrong = page.locator('.item-row.off [name$=".number"]')
  assert.equal(await wrong.evaluate((one) => one === document.activeElement), true, 'the place that is wrong has the cursor')
  await shot(page, 'items-wrong')
  await wrong.fill('1')
  await page.locator('[name="steps.publicity.on"]').check()
  await page.locator('[name="steps.publicity.days"]').fill('5')
  await page.locator('[name="steps.publicity.outside"]').check()
  await page.locator('.item-save .button').first().click()
  await page.getByText('草稿已保存').waitFor()
  assert.match(await page.locator('.phone').innerText(), /身份证（正反面）[\s\S]*红袖章照片[\s\S]*体检报告[\s\S]*公示 5 个工作日，不算在办理时限里/)
  await page.getByText('交给同事发布', { exact: true }).click()
  await page.getByText('您写过这一版').waitFor()
  await shot(page, 'items-proposed')

  const other = await stage.desk('demo-admin')
  await other.page.goto(`${CONSOLE}/console/items/${CODE}/1`)
  await other.page.getByText('看过了，发布').click()
  await other.page.getByText('已发布，从现在起').waitFor()

  const guide = await until(async () => {
    const reply = await fetch(`${CONSOLE}/v1/items/${CODE}`)
    return reply.ok && reply.json()
  }, 'the guide')
  assert.deepEqual(guide.materials.map((one) => one.name), ['身份证（正反面）', '红袖章照片', '体检报告'])
  const phone = await stage.phone('demo-resident-003', { start: `packages/approvals/pages/item/index?code=${CODE}` })
  await phone.see(NAME)
  await phone.see('红袖章照片')
  await shot(phone.page, 'items-phone')
  await phone.wellBehaved()
  await Promise.all([phone.close(), other.close(), page.context().close()])
})

test('what a new version changes is read in words before it is published', async () => {
  const { page } = await stage.desk('demo-reviewer')
  await page.goto(`${CONSOLE}/console/items/${CODE}`)
  await page.getByText('写新的一版').click()
  await page.locator('[name="promised_days"]').fill('6')
  await page.locator('[data-rows="materials"] > [data-row-of]').nth(1).locator('[name$=".gone"]').check()
  await page.locator('.item-save .button').first().click()
  await page.getByText('草稿已保存').waitFor()
  const changes = await page.locator('#changes .changes').innerText()
  assert.match(changes, /承诺时限[\s\S]*10 个工作日[\s\S]*6 个工作日/)
  assert.match(changes, /去掉的材料[\s\S]*红袖章照片/)
  await shot(page, 'items-changes')
  await page.context().close()
})
