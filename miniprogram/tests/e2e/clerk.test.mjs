// The clerk's desk for materials in a browser: the keyboard is enough to give every verdict, photos can be seen large, and the
// notice stands there as the resident will read it before it goes out.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { APP } from '../../preview/build.mjs'
import { CONSOLE, atWork, elsewhere, open, until } from './stage.mjs'

const PHOTO = path.join(APP, 'images', 'home-on.png')
const RESIDENT = 'demo-resident-001'
const CLERK = 'demo-clerk'
const ITEM = 'ELDER-ALLOWANCE'
const FORM = { hukou: '绿苑社区', applicant: 'self', account: '6217000000000001', other: false }
const KEYS = ['id_card', 'household_book', 'photo', 'bank_card']

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

/** An application with a photo of each material, taken up by the clerk. → its number */
async function takenUp() {
  const resident = await elsewhere(RESIDENT)
  for (const one of (await resident('GET', '/v1/cases?kind=approval&open=true')).items) {
    if (one.actions.some((each) => each.name === 'discard')) await resident('POST', `/v1/cases/${one.case_no}/discard`, {})
  }
  const { case_no: caseNo } = await resident('POST', '/v1/approvals', { item_id: ITEM, form: FORM })
  const materials = []
  for (const key of KEYS) {
    const form = new FormData()
    form.append('file', new Blob([fs.readFileSync(PHOTO)], { type: 'image/png' }), 'photo.png')
    materials.push({ key, files: [(await resident('POST', `/v1/cases/${caseNo}/attachments`, form)).id] })
  }
  await resident('POST', `/v1/cases/${caseNo}/edit`, { materials, delivery: 'electronic' })
  await resident('POST', `/v1/cases/${caseNo}/submit`, { truthful: true })
  await (await atWork(CLERK))('POST', `/v1/cases/${caseNo}/take_up`, {})
  return caseNo
}

const chosen = (page) => page.locator('.material.chosen').getAttribute('id')

test('a clerk gives every verdict with the keyboard and sends one notice', async () => {
  const caseNo = await takenUp()
  const resident = await elsewhere(RESIDENT)
  const { page } = await stage.desk(CLERK)
  await page.goto(`${CONSOLE}/console/approvals/${caseNo}`)
  assert.equal(await chosen(page), 'm-id_card', 'the first that nobody has looked at')

  await page.keyboard.press('j')
  assert.equal(await chosen(page), 'm-household_book')
  await page.keyboard.press('k')
  await page.keyboard.press('z')
  const large = page.locator('dialog[open] img')
  await large.waitFor()
  const before = (await large.boundingBox()).width
  await page.keyboard.press('+')
  await until(async () => (await large.boundingBox()).width > before, 'the photo grows')
  await page.keyboard.press('1')
  await page.keyboard.press('Escape')
  await page.locator('dialog[open]').waitFor({ state: 'detached' })
  assert.equal(await page.locator('.material .pill.done').count(), 0, 'no verdict while a photo is in front')

  await page.keyboard.press('1')
  await page.waitForURL('**#m-household_book')
  await page.keyboard.press('r')
  await page.keyboard.type('照片模糊，请重拍')
  await page.keyboard.press('Escape')
  await page.keyboard.press('2')
  await page.waitForURL('**#m-photo')
  await page.keyboard.press('1')
  await page.waitForURL('**#m-bank_card')
  await page.keyboard.press('4')
  await page.waitForURL('**#what-now')

  await page.locator('#supplement-note').fill('4 号窗口随时可以补')
  const letter = await page.locator('.letter').innerText()
  for (const piece of ['要补材料', '户口本（首页和本人页）：看不清。照片模糊，请重拍', '银行卡：不符', '前一次补齐', '4 号窗口随时可以补']) assert.ok(letter.includes(piece), `${piece} in ${letter}`)
  await page.locator('form[action$="/supplement"] button').click()
  await page.waitForURL('**/console/cases/**')

  const { details, state } = await resident('GET', `/v1/cases/${caseNo}`)
  assert.equal(state, 'supplement')
  assert.deepEqual(details.notices[0].lines, ['户口本（首页和本人页）：看不清。照片模糊，请重拍', '银行卡：不符'])
  assert.equal(details.notices[0].note, '4 号窗口随时可以补')
  await page.context().close()
})
