// Paying a bill on a phone, against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, until } from './handset.mjs'

const PAY = 'packages/bills/pages/pay/index?id=b-1'
const PAYEE = { id: 'power', name: '供电所', kind: 'electricity', kind_text: '电费', phone: '', online: true }
const bill = (more = {}) => ({
  id: 'b-1', payee: PAYEE, account_no: '88', holder: '*桂英', label: '', of_text: '', period: '2026-11', amount_fen: 8050, amount_text: '80.50 元', due: '2026-12-20',
  due_text: '还有 9 天到期', auto_text: '', state: 'open', state_text: '待缴', overdue: false, payment_id: null, points_usable_fen: 3005, ...more,
})
const payment = (more = {}) => ({
  id: 'P1', bill_id: 'b-1', state: 'some', state_text: '某个状态', tone: 'wait', open: true, paid: false, can_cancel: false, title: '电费', text: '共 80.50 元', by_text: '', next_text: '接下来', amount_fen: 8050,
  points_fen: 0, pay_fen: 8050, expires_at: '2040-01-01T00:00:00Z', at: '2026-11-27T00:00:00Z', settled_at: null, client_params: null, refunds: [], ...more,
})
const answers = (more = {}) => ({ 'GET /v1/bills/b-1': bill(), 'GET /v1/subscriptions': { items: [] }, ...more })
const fields = (phone) => ({ fen: phone.instance.data.fen, rest: phone.instance.data.restText, act: phone.instance.data.act })

test('points and the rest are the bill to the fen, however they are divided', async () => {
  const phone = await Handset.take({ start: PAY, answers: answers() })
  await phone.see('怎么缴')
  assert.deepEqual(fields(phone), { fen: 3005, rest: '50.45', act: '微信支付 50.45 元' })
  phone.tap('不用积分')
  assert.deepEqual(fields(phone), { fen: 0, rest: '80.50', act: '微信支付 80.50 元' })
  phone.tap('自己定')
  for (const [typed, fen, rest] of [['30.05', 3005, '50.45'], ['0.1', 10, '80.40'], ['20。5', 2050, '60.00'], ['', 0, '80.50'], ['7.', 700, '73.50']]) {
    phone.type('用多少分', typed)
    assert.deepEqual([phone.instance.data.fen, phone.instance.data.restText, phone.instance.data.wrong], [fen, rest, ''], typed)
  }
  for (const [typed, wrong] of [['30.06', '最多能用 30.05 分'], ['三十', '请填数字，例如 30 或 30.50'], ['1.234', '请填数字，例如 30 或 30.50']]) {
    phone.type('用多少分', typed)
    await phone.see(wrong)
  }
  phone.instance.slide({ detail: { value: 1234 } })
  assert.equal(phone.instance.data.fen, 1200)
  phone.instance.slide({ detail: { value: 3005 } })
  assert.equal(phone.instance.data.fen, 3005)
  phone.away()
})

test('who has no points is asked for none, and points that cover all need no WeChat', async () => {
  const none = await Handset.take({ start: PAY, answers: answers({ 'GET /v1/bills/b-1': bill({ points_usable_fen: 0 }) }) })
  await none.see('现在没有能用的积分')
  assert.ok(!none.text.includes('自己定'))
  assert.equal(none.instance.data.act, '微信支付 80.50 元')
  none.away()
  const all = await Handset.take({ start: PAY, answers: answers({ 'GET /v1/bills/b-1': bill({ points_usable_fen: 8050 }) }) })
  await all.see('用 80.50 分缴清')
  all.away()
})

test('two taps are one payment, and a bill that was begun elsewhere goes on where it stands', async () => {
  let begun = false
  const phone = await Handset.take({
    start: PAY,
    answers: answers({
      'POST /v1/bills/b-1/pay': () => {
        begun = true
        return [201, payment()]
      },
      'GET /v1/payments/P1': payment({ next_text: '正在交给供电所' }),
      'GET /v1/bills/b-1': () => [200, bill(begun ? { state: 'paying', payment_id: 'P1' } : {})],
    }),
  })
  await phone.see('怎么缴')
  const button = phone.find('微信支付 50.45 元')
  phone.press(button)
  phone.press(button)
  await phone.see('正在交给供电所')
  assert.deepEqual(phone.did('POST /v1/bills/b-1/pay').map((one) => one.body), [{ points_fen: 3005 }])
  phone.away()

  const later = await Handset.take({ start: PAY, answers: answers({ 'GET /v1/bills/b-1': bill({ state: 'paying', payment_id: 'P1' }), 'GET /v1/payments/P1': payment({ can_cancel: true, client_params: { a: 'b' }, next_text: '请您在 9:41 前用微信付 50.45 元' }) }) })
  await later.see('还没有付款')
  await later.see('请您在 9:41 前用微信付 50.45 元')
  await later.see('不缴了，取消')
  assert.ok(!later.text.includes('怎么缴'))
  later.away()
})

test('what was refused is said, and how much can be used is asked for anew', async () => {
  let usable = 3005
  const phone = await Handset.take({
    start: PAY,
    answers: answers({
      'GET /v1/bills/b-1': () => [200, bill({ points_usable_fen: usable })],
      'POST /v1/bills/b-1/pay': () => {
        usable = 1000
        return [409, { error: { code: 'not_enough_points', message: '积分不够了' } }]
      },
    }),
  })
  await phone.see('怎么缴')
  phone.tap('微信支付 50.45 元')
  await phone.see('积分不够了')
  assert.deepEqual(fields(phone), { fen: 1000, rest: '70.50', act: '微信支付 70.50 元' })
  phone.away()
})

test('a payment that came to nothing says why, and the bill can be paid anew', async () => {
  let looks = 0
  const phone = await Handset.take({
    start: PAY,
    answers: answers({
      'GET /v1/bills/b-1': () => [200, bill(looks < 2 ? { state: 'paying', payment_id: 'P1' } : {})],
      'GET /v1/payments/P1': () => {
        looks += 1
        return [200, looks < 2 ? payment() : payment({ open: false, state_text: '没有缴成，已退回', text: '账单金额变了' })]
      },
    }),
  })
  await phone.see('某个状态')
  phone.instance.look()
  await phone.see('账单金额变了')
  await phone.see('怎么缴')
  assert.ok(phone.text.includes('重新查金额'))
  await until(() => !phone.text.includes('某个状态'), () => 'the old state')
  phone.away()
})
