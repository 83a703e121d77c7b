// An announcement goes to phones: written in the console, shown by WeChat, opened from the inbox, commented on, and taken back.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { CONSOLE, control, elsewhere, open, until } from './stage.mjs'

const RESIDENT = 'demo-resident-171'
const WRITER = 'demo-resident-083'
const NEIGHBOUR = 'demo-resident-183'
const OPERATOR = 'demo-operator'
const CLERK = 'demo-clerk'
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

test('a resident comments, the clerk picks and answers it while the page is open, and a neighbour reads both', async () => {
  const writer = await elsewhere(WRITER)
  const { household } = await writer('GET', '/v1/me')
  const title = `停水改到周四 ${Date.now() % 1_000_000}`
  const { page } = await stage.desk(CLERK)
  await page.goto(`${CONSOLE}/console/announcements`)
  await page.locator('details.write summary').click()
  await page.locator('#draft-audience').selectOption(`compound:${household.compound_id}`)
  await page.locator('#draft-title').fill(title)
  await page.locator('#draft-text').fill('自来水公司改了时间，周四上午停水。')
  await page.locator('.write [name="comments"]').check()
  await page.getByRole('button', { name: '存成草稿' }).click()
  const publish = page.locator('form[action$="/publish"]')
  await publish.locator('[name="push"]').uncheck()
  await publish.locator('button').click()
  await page.getByText('还没有人留言').waitFor()

  const start = `packages/announcements/pages/announcement/index?id=${page.url().match(/announcements\/([^/#?]+)/)[1]}`
  const hers = await stage.phone(WRITER, { start })
  await hers.see('您还能写 3 条')
  await hers.view.locator('textarea').fill('几点来水？家里有老人')
  await hers.see('写了 10 个字')
  await hers.tap('发送')
  await hers.see('等社区选登')

  const neighbour = await stage.phone(NEIGHBOUR, { start })
  await neighbour.see('您还能写 3 条')
  assert.equal(await neighbour.view.getByText('几点来水').count(), 0, 'nobody has picked it')

  await page.locator('.comments .pill', { hasText: '1 条等着选登' }).waitFor()
  await page.locator('.comment form[action$="/show"] button').click()
  await page.getByText('已选登，看得到公告的居民').waitFor()
  await page.locator('.comment summary', { hasText: '回复' }).click()
  await page.locator('.comment textarea').fill('下午五点前来水。需要送水请打社区电话')
  await page.getByRole('button', { name: '发出回复' }).click()
  await page.getByText('已回复，写留言的人会收到消息').waitFor()

  await neighbour.page.reload()
  await neighbour.see('几点来水？家里有老人')
  await neighbour.see('下午五点前来水')
  assert.equal(await neighbour.view.getByText('删掉', { exact: true }).count(), 0)
  await until(async () => (await writer('GET', '/v1/inbox')).items.some((one) => one.text.includes('回复了您') && one.text.includes('下午五点前来水')), 'the inbox tells the writer')
  await hers.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
  await hers.see('回复了您')
  await hers.view.getByText('回复了您', { exact: false }).first().click()
  await hers.see('下午五点前来水')

  await hers.tap('删掉')
  await hers.answer('删掉')
  await until(async () => !(await hers.view.getByText('几点来水').count()), 'it is gone')
  await neighbour.page.reload()
  await neighbour.see('您还能写 3 条')
  assert.equal(await neighbour.view.getByText('几点来水').count(), 0)
  await hers.wellBehaved()
  await neighbour.wellBehaved()
})
