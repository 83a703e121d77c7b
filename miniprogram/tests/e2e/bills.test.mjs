// Bills on the phone, paid with points, by WeChat and with both, through the real notification; given up, refused and given back.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { control, elsewhere, open, until } from './stage.mjs'

const POWER = { id: 'payee-electricity', name: '东胜供电营业厅（示例）' }
const LIST = 'packages/bills/pages/list/index'
const AT_ONCE = 3
const RESULT = 'tmpl-payment-result'

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

/** Something to pay, on an account of its own. → { account, billNo } */
async function due(fen) {
  const billNo = `E2E-${crypto.randomUUID().slice(0, 12)}`
  const account = billNo.replaceAll('-', '').toUpperCase()
  await control('payee-bills', { bill_no: billNo, payee: POWER.id, account_no: account, period: '2026-11', amount_fen: fen, due: '2099-12-20' })
  return { account, billNo }
}

/** From the list over the look-up to the pay page. */
async function lookedUp(phone, account, amount) {
  await phone.tap('查账单')
  await phone.view.getByLabel(`电费，${POWER.name}`).click()
  await phone.view.getByLabel('户号').locator('input').fill(account)
  await phone.tap('查一查')
  await phone.view.getByLabel(`去缴 ${amount} 元`).click()
  await phone.see('怎么缴')
}

const sheet = (phone) => phone.page.locator('.sheet.pay')
const balance = async (call) => (await call('GET', '/v1/points')).balance_fen

/** WeChat has shown this resident what became of their last payment. */
async function told(call, resident, template, words) {
  const { items: [payment] } = await call('GET', '/v1/payments?limit=1')
  await until(async () => {
    const { items } = await control(`messages?openid=${resident}`)
    return items.find((one) => one.template_id === template && one.page.endsWith(payment.id) && JSON.stringify(one.data).includes(words))
  }, `${template} ${words} for ${resident}`)
  return payment
}

async function end(phone) {
  await phone.wellBehaved()
  await phone.close()
}

describe('bills', { concurrency: AT_ONCE }, () => {
  test('a bill is looked up and paid with points alone, once for two taps, and its receipt names the purchases', async () => {
    const resident = 'demo-resident-014'
    const call = await elsewhere(resident)
    const before_ = await balance(call)
    const { account, billNo } = await due(2050)
    const phone = await stage.phone(resident, { start: LIST })
    await lookedUp(phone, account, '20.50')
    await phone.view.locator('wx-button', { hasText: '用 20.50 分缴清' }).dblclick()
    await phone.see('已缴清')
    await phone.see('这笔积分来自')
    await phone.see('家用电器消费')
    assert.equal(before_ - (await balance(call)), 2050)
    const [paper] = await Promise.all([phone.page.waitForEvent('download'), phone.tap('打开凭证文件（PDF）')])
    assert.equal(paper.suggestedFilename(), 'document.pdf')
    await told(call, resident, RESULT, '已缴清')
    assert.match((await control(`payee-bills?bill_no=${billNo}`)).paid_by, /^P/)
    await phone.tap('好了，回账单')
    await phone.tap('已缴')
    await phone.see(account)
    await phone.tap('缴费记录')
    await phone.see('已缴清')
    await end(phone)
  })

  test('who closes WeChat’s sheet can go on later, and pays the rest after some of it was paid by points', async () => {
    const resident = 'demo-resident-015'
    const call = await elsewhere(resident)
    const before_ = await balance(call)
    const { account, billNo } = await due(5000)
    const phone = await stage.phone(resident, { start: LIST })
    await lookedUp(phone, account, '50.00')
    await phone.tap('自己定')
    await phone.view.getByLabel('用多少分', { exact: true }).locator('input').fill('99')
    await phone.see('最多能用 50.00 分')
    await phone.view.getByLabel('用多少分', { exact: true }).locator('input').fill('20')
    await phone.tap('微信支付 30.00 元')
    await sheet(phone).getByText('¥30.00').waitFor()
    await sheet(phone).getByLabel('关闭').click()
    await phone.see('还没有付款')
    await phone.back()
    await phone.view.getByLabel(`户号 ${account}`).click()
    await phone.tap('继续付款')
    await sheet(phone).getByText('确认支付').click()
    await phone.see('已缴清')
    assert.equal(before_ - (await balance(call)), 2000)
    assert.match((await control(`payee-bills?bill_no=${billNo}`)).paid_by, /^P/)
    await phone.page.evaluate(() => preview.wx.switchTab({ url: '/pages/inbox/index' }))
    await phone.view.getByText('缴费结果通知').first().click()
    await phone.see('20.00 分，抵 20.00 元')
    await end(phone)
  })

  test('a payment that is given up leaves the bill to be paid, and a payee that will not have it gives all of it back', async () => {
    const resident = 'demo-resident-017'
    const call = await elsewhere(resident)
    const before_ = await balance(call)
    const { account, billNo } = await due(4000)
    const phone = await stage.phone(resident, { start: LIST })
    await lookedUp(phone, account, '40.00')
    await phone.tap('不用积分')
    await phone.tap('微信支付 40.00 元')
    await sheet(phone).getByLabel('关闭').click()
    await phone.tap('不缴了，取消')
    await phone.see('已取消')

    await phone.tap('自己定')
    await phone.view.getByLabel('用多少分', { exact: true }).locator('input').fill('10.5')
    await phone.tap('微信支付 29.50 元')
    await sheet(phone).getByText('¥29.50').waitFor()
    await control('payee-bills', { bill_no: billNo, payee: POWER.id, account_no: account, period: '2026-11', amount_fen: 4500, due: '2099-12-20' })
    await sheet(phone).getByText('确认支付').click()
    await phone.see('账单金额变了')
    await told(call, resident, RESULT, '没有缴成')
    const { id } = await told(call, resident, 'tmpl-payment-refund', '已退款')
    assert.equal(await balance(call), before_)
    assert.equal((await control(`pay-order?out_trade_no=${id}`)).refunded, 2950)

    await phone.tap('重新查金额')
    await phone.see('45.00')
    await phone.tap('不用积分')
    await phone.tap('微信支付 45.00 元')
    await sheet(phone).getByText('确认支付').click()
    await phone.see('已缴清')
    assert.equal(await balance(call), before_)
    await end(phone)
  })

  test('an account that nobody knows and a payee of the window are said so that one knows what to do', async () => {
    const phone = await stage.phone('demo-resident-018', { start: 'packages/bills/pages/lookup/index' })
    await phone.view.getByLabel(`电费，${POWER.name}`).click()
    await phone.view.getByLabel('户号').locator('input').fill('NOBODY')
    await phone.tap('查一查')
    await phone.see('没有这个户号')
    await phone.tap('换一家')
    await phone.view.getByLabel('保险费，邮政代理保险（示例）').click()
    await phone.see('到社区窗口')
    await end(phone)
  })
})
