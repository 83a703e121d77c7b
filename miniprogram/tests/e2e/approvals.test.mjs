// Applying for an item, from the guide to what comes of it: residents on their phones, the staff at the console.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { APP } from '../../preview/build.mjs'
import { CLERK, DECIDER, REVIEWER, again, casePage, enter, judged, paper, press, told } from './office.mjs'
import { CONSOLE, atWork, elsewhere, open, until } from './stage.mjs'

const PHOTO = path.join(APP, 'images', 'home-on.png')
const AT_ONCE = 3

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

const act = async (call, caseNo, action, fields = {}) => call('POST', `/v1/cases/${caseNo}/${action}`, fields)

/** Nothing that somebody has begun in an earlier run is gone on with in this one. */
async function fresh(resident) {
  const call = await elsewhere(resident)
  for (const one of (await call('GET', '/v1/cases?kind=approval&open=true')).items) {
    if (one.actions.some((each) => each.name === 'discard')) await act(call, one.case_no, 'discard')
  }
  return call
}

/** Photos for the paper of this name, agreed to the first time that one is chosen. */
async function photograph(phone, name, { asked = false, count = 1, more = '拍照上传' } = {}) {
  const button = phone.view.getByLabel(`${more}${name}`)
  const choose = async () => {
    await button.click()
    if (asked) await phone.view.locator('wx-button', { hasText: /^同意$/ }).click()
  }
  const [album] = await Promise.all([phone.page.waitForEvent('filechooser'), choose()])
  await album.setFiles(Array(count).fill(PHOTO))
  await phone.view.getByLabel(`${name}第 ${count} 张，点开看大图`).waitFor()
}

async function onPaper(phone, name) {
  const box = phone.view.getByLabel(`${name}到窗口交纸质的`)
  await box.click()
  await until(async () => (await box.getAttribute('aria-checked')) === 'true', `${name} on paper`)
}

const fill = (phone, label, text) => phone.view.getByLabel(label, { exact: true }).locator('input, textarea').first().fill(text)
const choose = (phone, question, text) => phone.view.getByRole('radiogroup', { name: question }).getByText(text, { exact: true }).click()

/** From what was read over to the receipt, though an answer is lost on its way. → the number */
async function sign(phone, button = '提交申请') {
  await phone.view.getByLabel('以上内容属实').click()
  await phone.page.evaluate(() => preview.settings.loseAnswers(1))
  await phone.tap(button)
  await phone.see('已经交上去了')
  return (await phone.view.locator('[class*="number"]').first().textContent()).trim()
}

describe('approvals', { concurrency: AT_ONCE }, () => {
  test('a proof of residence is had at once: filled in, photographed, signed, granted, opened, verified and rated', async () => {
    const resident = 'demo-resident-161'
    const call = await fresh(resident)
    const phone = await stage.phone(resident)
    await phone.tap('政务办理')
    await phone.view.getByLabel('搜事项').locator('input').fill('居住')
    await phone.tap('居住证明')
    await phone.see('当场办')
    await phone.tap('我要办理')
    await phone.see('填一下')
    await phone.tap('下一步')
    await phone.view.getByText('请填写“现在住的地址”').first().waitFor()
    await fill(phone, '现在住的地址', '团结佳苑 3-2-501')
    await fill(phone, '从哪年开始住在这里', '2015')
    await choose(phone, '房子是', '自己的')
    await fill(phone, '证明给谁看', '孩子上学')
    await phone.tap('下一步')
    await phone.see('房产证')
    assert.equal(await phone.view.getByText('租房合同').count(), 0)
    await photograph(phone, '身份证（正反面）', { asked: true, count: 2 })
    await onPaper(phone, '房产证')
    await phone.page.evaluate((url) => preview.wx.reLaunch({ url }), '/packages/approvals/pages/apply/index?code=RESIDENCE')
    await phone.see('没填完的')
    assert.equal(await phone.view.getByLabel('证明给谁看').locator('input, textarea').first().inputValue(), '孩子上学')
    await phone.tap('下一步')
    await phone.view.getByLabel('身份证（正反面）第 2 张，点开看大图').waitFor()
    await phone.tap('下一步')
    await phone.tap('手机上看')
    await phone.tap('下一步')
    await phone.see('到窗口交纸质的')
    const caseNo = await sign(phone)
    assert.match(caseNo, /^SP-/)
    const { items: steps } = await call('GET', `/v1/cases/${caseNo}/history`)
    assert.equal(steps.filter((one) => one.action === 'submit').length, 1)
    await phone.tap('看办到哪一步')
    await phone.see('一步一步')

    const clerk = await stage.desk(CLERK)
    await press(clerk, caseNo, 'take_up')
    await judged(clerk, caseNo)
    await press(clerk, caseNo, 'grant_now')
    await clerk.close()
    await again(phone)
    await paper(phone, '居住证明')
    await told(resident, '审批结果通知')
    const { items } = await call('GET', `/v1/cases/${caseNo}/documents`)
    const verified = await fetch(`${CONSOLE}/verify/${items.at(-1).code}`)
    assert.equal(verified.status, 200)
    assert.ok((await verified.text()).includes(items.at(-1).number))
    await phone.tap('评一评这次办事')
    await phone.view.getByRole('radio', { name: '非常满意' }).first().click()
    await phone.tap('提交评价')
    await phone.see('您的评价：非常满意')
    await phone.wellBehaved()
    await phone.close()
  })

  test('an allowance: what is lacking is said once and answered on the spot, then it is shown to the public', async () => {
    const resident = 'demo-resident-162'
    await fresh(resident)
    const phone = await stage.phone(resident, { start: 'packages/approvals/pages/item/index?code=ELDER-ALLOWANCE' })
    await phone.tap('我要办理')
    await fill(phone, '户口所在社区', '团结社区')
    await choose(phone, '谁来申请', '本人')
    await fill(phone, '收款银行卡号', '6217000000000000001')
    await choose(phone, '已经在领其他高龄补贴吗', '不是')
    await phone.tap('下一步')
    await photograph(phone, '老人身份证（正反面）', { asked: true, count: 2 })
    await photograph(phone, '户口本（首页和本人页）', { count: 2 })
    await photograph(phone, '近期照片')
    await photograph(phone, '银行卡')
    await phone.tap('下一步')
    await phone.tap('手机上看')
    await phone.tap('下一步')
    const caseNo = await sign(phone)

    const clerk = await stage.desk(CLERK)
    await press(clerk, caseNo, 'take_up')
    await judged(clerk, caseNo, { household_book: '本人页反光，请在亮处重新拍' })
    await press(clerk, caseNo, 'supplement')
    await told(resident, '补正材料通知')
    await phone.tap('看办到哪一步')
    await phone.see('一次告诉您全部要补的')
    await phone.see('本人页反光，请在亮处重新拍')
    await phone.tap('现在拍照补交')
    await phone.see('其他材料不用再交')
    assert.equal(await phone.view.getByLabel('不要近期照片第 1 张').count(), 0)
    for (const left of [1, 0]) {
      await phone.view.getByLabel('不要户口本（首页和本人页）第 1 张').click()
      await until(async () => (await phone.view.getByLabel('不要户口本（首页和本人页）第').count()) === left, 'a photo less')
    }
    await photograph(phone, '户口本（首页和本人页）', { count: 2 })
    await phone.tap('下一步')
    await phone.tap('下一步')
    await sign(phone, '补好了，提交')
    await phone.tap('看办到哪一步')
    await phone.see('预审中')

    await judged(clerk, caseNo)
    await press(clerk, caseNo, 'accept')
    await again(phone)
    await phone.see('社区审核')
    await phone.view.locator('[class*="bar"]').first().waitFor()
    await enter(clerk, caseNo, 'pass', { opinion: '户口和年龄都符合' })
    await again(phone)
    await phone.see('公示到')
    await enter(clerk, caseNo, 'object', { text: '听说已经搬走了', by: '邻居' })
    await enter(clerk, caseNo, 'answer_objection', { upheld: false, answer: '走访过，一直住在这里' })
    await clerk.close()
    await again(phone)
    await phone.tap('读给我听')
    await phone.see('高龄津贴')
    await phone.back()
    assert.equal(await phone.view.getByText('邻居').count(), 0)
    await paper(phone, '受理通知书')
    await phone.wellBehaved()
    await phone.close()
  })

  test('a daughter applies for her mother, who is visited at home, and fetches the card with a code', async () => {
    const [mother, daughter] = await Promise.all([fresh('demo-resident-163'), fresh('demo-resident-181')])
    for (const { id, can_end: ends } of (await mother('GET', '/v1/proxies')).items) if (ends) await mother('DELETE', `/v1/proxies/${id}`)
    const { code } = await mother('POST', '/v1/proxies', { scopes: ['approvals'], days: 30, relation: '母亲' })
    await daughter('POST', '/v1/proxies/accept', { code })
    const { name } = await mother('GET', '/v1/me')
    const phone = await stage.phone('demo-resident-181', { start: 'packages/approvals/pages/apply/index?code=DISABILITY' })
    await phone.tap(`母亲 ${name}`)
    await choose(phone, '办哪一种', '第一次办')
    await choose(phone, '哪一类残疾', '肢体')
    await choose(phone, '有监护人代办吗', '不是')
    await phone.tap('下一步')
    await phone.see(`替 ${name} 办的`)
    for (const one of ['身份证（正反面）', '户口本（首页和本人页）', '两寸证件照', '残疾评定表']) await onPaper(phone, one)
    await phone.tap('下一步')
    await phone.tap('到窗口领')
    await phone.tap('下一步')
    const caseNo = await sign(phone)

    const [clerk, reviewer, decider] = await Promise.all([CLERK, REVIEWER, DECIDER].map((one) => stage.desk(one)))
    await press(clerk, caseNo, 'take_up')
    await judged(clerk, caseNo)
    await press(clerk, caseNo, 'accept')
    await enter(clerk, caseNo, 'pass')
    const hers = await stage.phone('demo-resident-163', { start: casePage(caseNo) })
    await hers.see('入户调查')
    await enter(clerk, caseNo, 'report', { visitors: '乌日娜、郝丽娟', report: '下肢行动不便，家中有扶手' })
    await enter(reviewer, caseNo, 'pass', { opinion: '同意' })
    await enter(reviewer, caseNo, 'district_answer', { agreed: true, document: '残联〔2026〕18 号' })
    await enter(decider, caseNo, 'grant', { opinion: '准予' })
    await again(hers)
    await hers.see('取件码')
    const spoken = (await hers.view.locator('[class*="digits"]').textContent()).trim()
    await assert.rejects(act(await atWork(CLERK), caseNo, 'deliver', { method: 'pick_up', code: spoken === '000000' ? '111111' : '000000' }), /wrong_pick_up_code/)
    await enter(clerk, caseNo, 'deliver', { method: 'pick_up', code: spoken })
    await again(hers)
    await hers.see('已送达')
    await hers.tap('评一评这次办事')
    await hers.see('您满意吗')
    for (const one of [clerk, reviewer, decider]) await one.close()
    for (const one of [phone, hers]) {
      await one.wellBehaved()
      await one.close()
    }
  })

  test('what was found to be fine is handed in again with one tap, and progress is told without a login', async () => {
    const resident = 'demo-resident-182'
    const call = await fresh(resident)
    const earlier = await granted(call)
    const phone = await stage.phone(resident, { start: 'packages/approvals/pages/apply/index?code=ELDER-CARD' })
    await answered(phone, await call('GET', '/v1/items/ELDER-CARD'))
    await phone.tap('下一步')
    await phone.view.getByLabel('用以前交过的身份证').click()
    await phone.see('用的是以前交过的照片')
    await phone.view.getByLabel('身份证（正反面）第 1 张，点开看大图').waitFor()

    const { phone: number } = await call('GET', '/v1/me')
    const stranger = await stage.phone(`stranger-${Date.now()}`, { start: 'packages/approvals/pages/progress/index', agreed: false })
    await stranger.view.getByLabel('办件编号').locator('input').fill(earlier)
    await stranger.view.getByLabel('手机号后四位').locator('input').fill(number.slice(-4) === '0000' ? '1111' : '0000')
    await stranger.tap('查一查')
    await stranger.view.locator('[role="alert"]').first().waitFor()
    await stranger.view.getByLabel('手机号后四位').locator('input').fill(number.slice(-4))
    await stranger.tap('查一查')
    await stranger.see('居住证明')
    const { name } = await call('GET', '/v1/me')
    assert.equal(await stranger.view.getByText(name).count(), 0)
    await phone.tap('下一步')
    await phone.tap('到窗口领')
    await phone.view.getByText('上一步', { exact: true }).click()
    await onPaper(phone, '证件照')
    for (const part of ['下一步', '下一步']) await phone.tap(part)
    await sign(phone)
    await phone.tap('看办到哪一步')
    await phone.tap('撤回申请')
    await phone.tap('确定撤回申请')
    await phone.see('已撤回')
    for (const one of [phone, stranger]) {
      await one.wellBehaved()
      await one.close()
    }
  })
})

/** A proof of residence that was granted earlier. → its number */
async function granted(call) {
  const form = { address: '团结佳苑 3-2-501', since: 2015, housing: 'own', purpose: '银行开户' }
  const { case_no: caseNo } = await call('POST', '/v1/approvals', { item_id: 'RESIDENCE', form })
  const body = new FormData()
  body.append('file', new Blob([fs.readFileSync(PHOTO)], { type: 'image/png' }), 'photo.png')
  const { id } = await call('POST', `/v1/cases/${caseNo}/attachments`, body)
  await act(call, caseNo, 'edit', { materials: [{ key: 'id_card', files: [id] }, { key: 'house_deed', paper: true }], delivery: 'electronic' })
  await act(call, caseNo, 'submit', { truthful: true })
  const clerk = await atWork(CLERK)
  await act(clerk, caseNo, 'take_up')
  for (const key of ['id_card', 'house_deed']) await act(clerk, caseNo, 'judge', { key, verdict: 'fine' })
  await act(clerk, caseNo, 'grant_now')
  return caseNo
}

/** What an item asks, answered somehow. */
async function answered(phone, { fields }) {
  await phone.see('填一下')
  for (const field of fields.filter((one) => one.required)) {
    if (field.type === 'choice') await choose(phone, field.label, field.options[0].text)
    else if (field.type === 'yes_no') await choose(phone, field.label, '不是')
    else await fill(phone, field.label, field.type === 'number' ? String(field.min ?? 1) : '没有')
  }
}
