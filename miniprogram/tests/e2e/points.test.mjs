// Points on the phone: what there is and how it came, statements to take along, the card with the window's code, family that may look.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { cutOff, tooPale, tooSmall } from '../../tools/readable.mjs'
import { CONSOLE, atWork, control, elsewhere, open, until } from './stage.mjs'

const POINTS = 'packages/points/pages/points/index'
const CARD = 'packages/points/pages/card/index'
const PAYEE = 'payee-electricity'
const PAID_FEN = 1230
const AT_ONCE = 3

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

const yuan = (fen) => (fen / 100).toFixed(2)
const again = (phone) => phone.page.evaluate(() => preview.wx.startPullDownRefresh())
const fill = (phone, label, text) => phone.view.getByLabel(label, { exact: true }).locator('input').fill(text)

/** Something of this resident's is paid with points alone. → its name on the receipt */
async function paid(call) {
  const account = crypto.randomUUID().slice(0, 12).replaceAll('-', '').toUpperCase()
  await control('payee-bills', { bill_no: `E2E-${account}`, payee: PAYEE, account_no: account, period: '2026-10', amount_fen: PAID_FEN, due: '2099-12-20' })
  const { items } = await call('POST', '/v1/bills/lookups', { payee_id: PAYEE, account_no: account })
  const { id, title } = await call('POST', `/v1/bills/${items[0].id}/pay`, { points_fen: PAID_FEN })
  await until(async () => (await call('GET', `/v1/payments/${id}`)).state_text === '已缴清', 'the payment')
  return title
}

async function downloaded(phone, click) {
  const [file] = await Promise.all([phone.page.waitForEvent('download'), click()])
  return { name: file.suggestedFilename(), content: fs.readFileSync(await file.path()) }
}

async function readable(phone) {
  assert.deepEqual([...(await tooSmall(phone, true)), ...(await tooPale(phone)), ...(await cutOff(phone))], [])
}

async function end(phone) {
  await phone.wellBehaved()
  await phone.close()
}

describe('points', { concurrency: AT_ONCE }, () => {
  test('points say what there is, open to purchase and receipt, and make a statement of each month, in large text', async () => {
    const resident = 'demo-resident-018'
    const call = await elsewhere(resident)
    const title = await paid(call)
    const { balance_fen: balance } = await call('GET', '/v1/points')
    const phone = await stage.phone(resident, { large: true })
    await phone.tap('我的积分')
    await phone.see(yuan(balance))
    await phone.see('7 天内有')
    await readable(phone)
    await phone.tap('换成表格看')
    await phone.see(`用掉 ${yuan(PAID_FEN)} 分`)
    await phone.view.getByLabel(`支付账单，−${yuan(PAID_FEN)} 分，${title}`).click()
    await phone.see('这笔积分来自')
    await phone.back()
    await phone.view.getByLabel('消费积分').first().click()
    await phone.see('便民窗口')
    await readable(phone)
    await phone.back()

    await phone.tap('看每个月的对账单')
    await readable(phone)
    await phone.view.getByLabel('对账单，').first().click()
    await phone.see(`${yuan(balance)} 分`)
    await phone.see(title)
    await readable(phone)
    const paper = await downloaded(phone, () => phone.tap('打开对账单文件（PDF）'))
    assert.equal(paper.content.subarray(0, 5).toString(), '%PDF-')
    await phone.tap('存成表格（CSV）')
    const table = await downloaded(phone, () => phone.tap('表格已存好，发到微信聊天里'))
    assert.match(table.name, /\.csv$/)
    const last = table.content.toString().trim().split('\r\n').at(-1)
    assert.ok(last.endsWith(`,${yuan(balance)}`), last)

    await phone.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
    await phone.view.getByText('积分到期提醒').first().click()
    await phone.see('现有积分')
    await end(phone)
  })

  test('a card is taken with the code of the window, reported lost on the phone and released at the window', async () => {
    const resident = 'demo-resident-190'
    const [call, desk] = await Promise.all([elsewhere(resident), atWork('demo-operator')])
    const { id, name, phone: telephone } = await call('GET', '/v1/me')
    const number = `62219${String(Date.now()).padStart(14, '0')}`
    const before_ = (await call('GET', '/v1/points')).card
    const phone = await stage.phone(resident, { start: CARD })
    if (!before_) {
      const { code } = await desk('POST', '/v1/point-cards/codes', { resident_id: id, number, name, phone: telephone })
      await fill(phone, '卡号', '12')
      await fill(phone, '领卡码', code)
      await phone.tap('领卡')
      await phone.see('12 到 19 位')
      await fill(phone, '卡号', number)
      await fill(phone, '领卡码', code === '000 000' ? '111111' : '000000')
      await phone.tap('领卡')
      await phone.see('还可以试')
      await fill(phone, '领卡码', code)
      await phone.tap('领卡')
      await phone.see(`尾号 ${number.slice(-4)}`)
    }
    await phone.tap('卡丢了，挂失')
    await phone.answer('挂失')
    await phone.see('要换新卡')
    await desk('POST', `/v1/residents/${id}/card/release`, { reason: '找到了' })
    await again(phone)
    await phone.see('卡丢了，挂失')
    await end(phone)
  })

  test('a daughter looks at her mother’s points while she may, and no longer', async () => {
    const [owner, family] = ['demo-resident-013', 'demo-resident-184']
    const [mother, daughter] = await Promise.all([elsewhere(owner), elsewhere(family)])
    for (const { id, can_end: ends } of (await mother('GET', '/v1/proxies')).items) if (ends) await mother('DELETE', `/v1/proxies/${id}`)
    const { code, proxy } = await mother('POST', '/v1/proxies', { scopes: ['points_read'], days: 30, relation: '母亲' })
    await daughter('POST', '/v1/proxies/accept', { code })
    const { name, id } = await mother('GET', '/v1/me')
    const { balance_fen: balance } = await mother('GET', '/v1/points')
    const phone = await stage.phone(family, { start: POINTS })
    await phone.tap(`母亲 ${name}`)
    await phone.see(yuan(balance))
    assert.equal(await phone.view.getByText('便民邮储卡').count(), 0)
    await phone.view.getByLabel('消费积分').first().click()
    await phone.see('便民窗口')
    await phone.back()
    await mother('DELETE', `/v1/proxies/${proxy.id}`)
    const refused = await fetch(`${CONSOLE}/v1/points?resident_id=${id}`, { headers: { Authorization: `Bearer ${daughter.token}` } })
    assert.equal(refused.status, 403)
    await again(phone)
    await phone.see('授权已到期、被收回')
    await phone.tap('再试一次')
    await phone.see('便民邮储卡')
    await end(phone)
  })
})
