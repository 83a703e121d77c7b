// An announcement goes to phones: written in the console, shown by WeChat, opened from the inbox, and taken back.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { CONSOLE, control, elsewhere, open, until } from './stage.mjs'

const RESIDENT = 'demo-resident-171'
const OPERATOR = 'demo-operator'
const MOMENT = 'announcements'
const TITLE = `后天检修电梯 ${Date.now() % 1_000_000}`

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

test('what staff publish comes to the phone, is opened from the inbox and counted, and says so when it is taken back', async () => {
  const resident = await elsewhere(RESIDENT)
  const { household } = await resident('GET', '/v1/me')
  const { template_id: template } = (await resident('GET', '/v1/subscriptions')).items.find((one) => one.moment === MOMENT)
  await control('subscribe', { openid: RESIDENT, template_id: template, result: 'accept' })
  await resident('POST', '/v1/subscriptions', { results: { [template]: 'accept' } })

  const { page } = await stage.desk(OPERATOR)
  await page.goto(`${CONSOLE}/console/announcements`)
  const write = page.locator('details.write')
  if (!(await write.getAttribute('open')) && !(await page.locator('#draft-title').isVisible())) await write.locator('summary').click()
  await page.locator('#draft-audience').selectOption(`compound:${household.compound_id}`)
  await page.locator('#draft-title').fill(TITLE)
  await page.locator('#draft-text').fill('上午九点到十一点，请走楼梯。')
  await page.getByRole('button', { name: '存成草稿' }).click()
  const publish = page.locator('form[action$="/publish"]')
  await publish.locator('[name="push"]').waitFor()
  await publish.locator('button').click()
  await page.locator('.broadcast').waitFor()

  const shown = async () => (await control(`messages?openid=${RESIDENT}`)).items.filter((one) => JSON.stringify(one).includes(TITLE))
  await until(async () => (await shown()).length === 1, 'WeChat shows it')
  await until(async () => Number(await page.locator('.broadcast .by-wechat dd').innerText()) >= 1, 'the page says so by itself')

  const phone = await stage.phone(RESIDENT)
  await phone.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
  await phone.see(TITLE)
  await phone.view.getByText(TITLE).first().click()
  await phone.see('请走楼梯')
  await until(async () => {
    await page.reload()
    return (await page.locator('.reach .figures b').innerText()) === '1'
  }, 'one reader')

  await page.locator('details.danger summary', { hasText: '撤回' }).click()
  await page.locator('[name="reason"]').fill('改到下周')
  await page.getByRole('button', { name: '撤回这条公告' }).click()
  await page.getByText('已撤回，居民打开时会看到原因').waitFor()
  await phone.page.evaluate(() => preview.wx.navigateBack())
  await until(async () => (await resident('GET', '/v1/inbox')).items.some((one) => one.text.includes('已撤回，改到下周')), 'the inbox says so')
  assert.equal((await shown()).length, 1)
  await phone.wellBehaved()
})
