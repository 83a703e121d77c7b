// What tests of applications share: moves in the console that are waited for, papers opened, messages that have come.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { CONSOLE, atWork, control, until } from './stage.mjs'

export const CLERK = 'demo-clerk'
export const [REVIEWER, DECIDER] = ['demo-reviewer', 'demo-reviewer-2']

export const casePage = (caseNo) => `packages/cases/pages/case/index?case_no=${caseNo}`
export const again = (phone) => phone.page.evaluate(() => preview.wx.startPullDownRefresh())

/** What is done in the console has reached the case. */
export async function moved(caseNo, click) {
  const clerk = await atWork(CLERK)
  const version = async () => (await clerk('GET', `/v1/cases/${caseNo}`)).version
  const before_ = await version()
  await click()
  await until(async () => (await version()) > before_, 'the move')
}

/** On the page where materials are looked at: a button of this form. */
export const press = (desk, caseNo, action) => moved(caseNo, async () => {
  await desk.page.goto(`${CONSOLE}/console/approvals/${caseNo}`)
  await desk.page.locator(`form[action$="/${action}"] button`).last().click()
})

/** On the case page: a form, with what is filled into it by name. */
export const enter = (desk, caseNo, action, given = {}) => moved(caseNo, async () => {
  await desk.open(caseNo)
  await desk.act(action, async (form) => {
    for (const [name, value] of Object.entries(given)) {
      const box = form.locator(`[name="${name}"]`)
      const type = await box.first().evaluate((one) => one.type)
      if (type === 'radio') await form.locator(`[name="${name}"][value="${value}"]`).check({ force: true })
      else if (type === 'checkbox') await box.first().setChecked(value, { force: true })
      else await box.fill(value)
    }
  })
})

/** The clerk finds every paper fine but those that are named with what is wrong. */
export async function judged(desk, caseNo, wrong = {}) {
  const { details } = await (await atWork(CLERK))('GET', `/v1/cases/${caseNo}`)
  const waiting = details.materials.filter((one) => one.applies && (one.files.length || one.paper) && one.verdict !== 'fine')
  await desk.page.goto(`${CONSOLE}/console/approvals/${caseNo}`)
  for (const { key } of waiting) {
    const sheet = desk.page.locator(`#m-${key}`)
    await moved(caseNo, async () => {
      if (wrong[key]) await sheet.locator('[name="remark"]').fill(wrong[key])
      await sheet.locator(`button[value="${wrong[key] ? 'unclear' : 'fine'}"]`).click()
    })
    await desk.page.locator(`#m-${key} [aria-pressed="true"]`).waitFor()
  }
}

/** What was told of the case on the resident's phone. */
export const told = (resident, title) => until(async () => {
  const { items } = await control(`messages?openid=${resident}`)
  return items.some((one) => one.title === title)
}, title)

/** The paper of this name is opened as a PDF. → its bytes */
export async function paper(phone, name) {
  const row = phone.view.getByLabel(`打开${name}`)
  await until(async () => {
    if (await row.count()) return true
    await again(phone)
    return false
  }, name)
  const [file] = await Promise.all([phone.page.waitForEvent('download'), row.first().click()])
  const content = fs.readFileSync(await file.path())
  assert.equal(content.subarray(0, 5).toString(), '%PDF-', name)
  return content
}
