// Paying by itself, from the saved account over what is agreed to, to the receipt a day later: the clock of the whole demo is moved on.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { control, elsewhere, open, until } from '../stage.mjs'

const POWER = { id: 'payee-electricity', name: '东胜供电营业厅（示例）' }
const MOTHER = 'demo-resident-018'
const SON = 'demo-resident-019'
const DAY = 86_400
const SAVED = 'packages/bills/pages/saved/index'

let stage
before(async () => {
  stage = await open()
})
after(() => stage.close())

const later = (seconds) => control('clock', { advance_s: seconds })

async function due(account, fen, period) {
  const billNo = `E2E-${crypto.randomUUID().slice(0, 12)}`
  await control('payee-bills', { bill_no: billNo, payee: POWER.id, account_no: account, period, amount_fen: fen, due: '2099-12-20' })
  return billNo
}

const runs = async (call) => (await call('GET', '/v1/auto-pay')).items.flatMap((one) => one.runs)
const shown = (words) => until(async () => {
  const { items } = await control(`messages?openid=${MOTHER}`)
  return items.find((one) => one.template_id === 'tmpl-auto-pay' && JSON.stringify(one.data).includes(words))
}, words)

test('an account is saved and agreed to, one bill is left out, the other paid a day after it was said, and its receipt opens', async () => {
  const account = `DL${crypto.randomUUID().slice(0, 8).toUpperCase()}`
  const [kept, paid] = [await due(account, 1200, '2026-10'), await due(account, 2300, '2026-11')]
  const call = await elsewhere(MOTHER)
  const before_ = (await call('GET', '/v1/points')).balance_fen
  const phone = await stage.phone(MOTHER, { start: 'packages/bills/pages/list/index' })

  await phone.tap('常缴账户')
  await phone.tap('存一个')
  await phone.view.getByLabel(`电费，${POWER.name}`).click()
  await phone.view.getByLabel('户号', { exact: true }).locator('input').fill(account)
  await phone.view.getByLabel('给它起个名字').locator('input').fill('老房子的电费')
  await phone.tap('7 天')
  await phone.tap('存为常缴账户')
  await phone.see('老房子的电费')
  await until(async () => (await call('GET', '/v1/bill-accounts')).items[0].open_count === 2, 'the bills that were there')

  await phone.view.getByLabel('老房子的电费 自动缴费').click()
  await phone.see('积分自动缴费协议')
  await phone.tap('我看过了，同意')
  await phone.tap('开通自动缴费')
  await phone.see('已开通')
  await until(async () => (await runs(call)).filter((one) => one.state === 'told').length === 2, 'both were said')
  await shown('将自动缴')
  await phone.back()
  await phone.see('2 张待缴，共 35.00 元')
  await phone.view.getByLabel('老房子的电费 自动缴费').click()
  await phone.view.locator('.run', { hasText: '12.00 元' }).getByText('这次不缴').click()
  await phone.see('您选了这次不缴')

  await later(DAY + 60)
  await until(async () => (await runs(await elsewhere(MOTHER))).some((one) => one.state === 'paid'), 'a day later it is paid')
  await phone.back()
  await phone.view.getByLabel('老房子的电费 自动缴费').click()
  await phone.view.getByLabel('老房子的电费 2026 年 11 月，23.00 元，已自动缴清').click()
  await phone.see('已缴清')
  await phone.see('这笔积分来自')
  const [now, one, other] = await Promise.all([
    elsewhere(MOTHER).then((again) => again('GET', '/v1/points')), control(`payee-bills?bill_no=${kept}`), control(`payee-bills?bill_no=${paid}`),
  ])
  assert.deepEqual([before_ - now.balance_fen, one.paid_by], [2300, ''])
  assert.match(other.paid_by, /^P/)
  await phone.wellBehaved()
  await phone.close()
})

test('a son sees his mother’s account by proxy, stops it, cannot agree for her, and sees nothing once she has taken it back', async () => {
  const [mother, son] = [await elsewhere(MOTHER), await elsewhere(SON)]
  const { code } = await mother('POST', '/v1/proxies', { scopes: ['bills'], days: 30, relation: '母亲' })
  const { id } = await son('POST', '/v1/proxies/accept', { code })
  const phone = await stage.phone(SON, { start: SAVED })
  await phone.see('替 母亲')
  await phone.view.getByLabel('老房子的电费 自动缴费').click()
  await phone.tap('停止自动缴费')
  await phone.answer('停止')
  await phone.see('用谁的积分，就要谁自己同意')
  await until(async () => (await mother('GET', '/v1/inbox')).items.some((one) => one.text.includes('替您停止了自动缴费')), 'she hears of it')
  await mother('DELETE', `/v1/proxies/${id}`)
  await phone.back()
  await phone.see('还没有常缴账户')
  await phone.wellBehaved()
  await phone.close()
})
