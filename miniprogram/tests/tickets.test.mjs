// Ordering tickets and what becomes of them on the phone, against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, until } from './handset.mjs'

const ORDER = 'packages/tickets/pages/order/index'
const TICKET = 'packages/tickets/pages/ticket/index?case_no=PW-1'
const EMPTY = { items: [], next: null }
const SOON = new Date(Date.now() + 20 * 60_000).toISOString()
const plain = (value) => JSON.parse(JSON.stringify(value))

const ME = { id: 'r-1', name: '李秀兰', phone: '13800000001', household: { compound_id: 'c-1', room: '3-2-501' }, preferences: {} }
const PLACES = { items: [{ id: 'm-1', kind: 'community', name: '团结社区', parent_id: null, spot: null }, { id: 'c-1', kind: 'compound', name: '绿苑小区', parent_id: 'm-1', spot: { lng: 109.9, lat: 39.8 } }] }
const PAPERS = { items: [{ value: 'id_card', text: '居民身份证', has_birthday: true, hint: '18 位，最后一位可能是 X' }, { value: 'passport', text: '护照', has_birthday: false, hint: '字母和数字，照护照上写' }] }
const passenger = (id, name, more = {}) => ({ id, name_masked: name, relation: '', id_kind: 'id_card', id_kind_text: '居民身份证', id_no_masked: '1527**********1234', phone_masked: '', age: 70, ...more })
const PEOPLE = { items: [passenger('p-1', '李*兰', { relation: '本人' }), passenger('p-2', '王*')], next: null, most: 20 }
const answers = (more = {}) => ({
  'GET /v1/me': ME, 'GET /v1/places': PLACES, 'GET /v1/landmarks': { items: [{ id: 'l-1', name: '东胜西站', kind: 'station', spot: { lng: 110, lat: 39.9 } }] }, 'GET /v1/passengers': PEOPLE, 'GET /v1/passengers/id-kinds': PAPERS, 'GET /v1/subscriptions': EMPTY, 'GET /v1/proxies': EMPTY, 'GET /v1/cases/PW-1': view(),
  'GET /v1/cases/PW-1/history': EMPTY, ...more,
})
const hidden = (name) => ({ name, label: '版本', type: 'hidden', required: true, options: [], hint: '' })
const button = (name, text, fields = [], more = {}) => ({ name, text, fields, danger: false, main: true, ...more })
const ticket = (id, name, more = {}) => ({
  id, name_masked: name, id_no_masked: '1527**********1234', state: 'some', state_text: '已出票', number: 'D6767', seat_text: '二等座', depart_at: '2040-11-30T09:05:00+08:00', arrive_at: null, ticket_no: '', carriage: '05',
  seat: '12F', record_no: 'E123456789', price_fen: 9050, service_fee_fen: 0, reason: '', refund: null, history: [], ...more,
})
function view({ details = {}, ...more } = {}) {
  return {
    case_no: 'PW-1', kind: 'ticket', kind_text: '车票代购', title: '东胜西到北京北', sentence: '等工作人员报价', state: 'some', state_text: '某个状态', tone: 'wait', actions: [], version: 3, updated_at: SOON, clock: null,
    behalf_text: '', provider: null, worker: null, open: true, unread: 0, expires_at: null, ...more,
    details: {
      mode: 'train', mode_text: '火车票', origin: '东胜西', destination: '北京北', route_text: '东胜西到北京北', day: '2040-11-30', alternatives: [{ rank: 1, text: 'D6767 二等座' }], ceiling_fen: 30000, buy_by: SOON, party: 'all',
      party_text: '都买到才买', passengers: [], contact_name: '李秀兰', contact_phone: '', delivery: { how: 'none', how_text: '不用', address: '', state_text: '', code: null, carrier: '', tracking_no: '' }, note: '', quote: null, quotes: [],
      bill_id: null, paid_fen: 0, paid_in_cash: false, back_fen: 0, record_no: '', refund: null, change: null, rule_text: '', ...details,
    },
  }
}
const QUOTE = {
  version: 2, number: 'D6767', seat_text: '二等座', depart_at: '2040-11-30T09:05:00+08:00', arrive_at: '2040-11-30T14:00:00+08:00', expires_at: SOON, total_fen: 19100, note: '靠窗', state: 'offered',
  lines: [{ name: '车票 李*兰', amount_fen: 9050, amount_text: '90.50 元' }, { name: '代购费 王*', amount_fen: 1000, amount_text: '10.00 元' }],
}
const REFUND = { version: 4, rule_version: 1, lines: [{ passenger_id: 'p-2', name_masked: '王*', face_fen: 9050, fee_fen: 450, back_fen: 8600, text: '开车前 50 小时，扣 5%' }], back_fen: 8600, expires_at: SOON, state: 'quoted' }

async function next(phone, words) {
  phone.tap('下一步')
  await phone.see(words)
}

test('an order is filled in page by page, what lacks is said at its place, and it is asked for as it was read over', async () => {
  const phone = await Handset.take({ start: ORDER, answers: answers({ 'POST /v1/tickets': () => [201, view()] }) })
  await phone.see('坐什么去')
  await next(phone, '请填到哪里')
  phone.tap('北京北')
  await next(phone, '请选哪一天走')
  phone.instance.chooseDay({ detail: { value: '2040-11-30' } })
  await next(phone, '请填车次')
  phone.type('第 1 选车次', 'd6767')
  phone.tap('再加一趟')
  await phone.see('第 2 选')
  phone.type('第 2 选车次', 'K1')
  phone.instance.chooseSeat({ currentTarget: { dataset: { at: 1 } }, detail: { value: '4' } })
  phone.instance.chooseTime({ currentTarget: { dataset: { at: 1 } }, detail: { value: '21:30' } })
  phone.press(phone.named('第 2 选往前排'))

  await next(phone, '谁坐')
  await next(phone, '请选谁坐')
  for (const one of ['李*兰，居民身份证 1527**********1234', '王*，居民身份证 1527**********1234']) phone.press(phone.named(one))
  await phone.see('买不齐的时候')
  phone.tap('能买几张买几张')

  await next(phone, '每张票最多多少钱')
  await next(phone, '请填每张票最多多少钱')
  phone.type('每张票最多多少元', '300.5')
  await next(phone, '请选什么时候以前买到')
  const [by] = phone.instance.data.deadlines
  phone.tap(by.text)
  phone.press(phone.named('再叫一辆车，送我去东胜西站'))
  await next(phone, '现在不用付钱')
  for (const words of ['第 1 选：车次 K1 硬卧，21:30 开', '第 2 选：车次 D6767 二等座', '2 个人最多 601.00 元', '11 月 30 日 周五 走']) assert.ok(phone.text.includes(words), `${words} in ${phone.text}`)

  phone.tap('提交，等报价')
  await until(() => phone.instance.route === TICKET.split('?')[0], () => phone.instance.route)
  const [{ body }] = phone.did('POST /v1/tickets')
  assert.deepEqual(plain(body), {
    mode: 'train', origin: '东胜西', destination: '北京北', day: '2040-11-30', ceiling_fen: 30050, buy_by: by.value, party: 'split', passenger_ids: ['p-1', 'p-2'], note: '', delivery: { how: 'none' },
    alternatives: [{ number: 'K1', seat_class: 'hard_sleeper', depart_at: '2040-11-30T21:30:00+08:00' }, { number: 'D6767', seat_class: 'second' }],
    contact: { name: '李秀兰', phone: '13800000001' },
    station_ride: { pickup: { spot: { lng: 109.9, lat: 39.8 }, text: '绿苑小区 3-2-501', compound_id: 'c-1' }, dropoff: { spot: { lng: 110, lat: 39.9 }, text: '东胜西站' } },
  })
  assert.equal(phone.stored('draft.ticket'), undefined)
  phone.away()
})

test('what was filled in is there again after the page was left, and a refusal is shown on its page of the form', async () => {
  const kept = { agreed: 1, token: 'mine', 'draft.ticket': { mode: 'train', origin: '包头', destination: '西安', day: '2040-11-30', alternatives: [{ key: 1, number: 'K1', seat_class: 'second', seat_text: '二等座', depart: '' }], ceiling: '99', by: SOON, passengers: ['p-2', 'gone'] } }
  const refused = () => [422, { error: { code: 'number', message: '没有这个车次', field: 'alternatives[0].number' } }]
  const phone = await Handset.take({ start: ORDER, kept, answers: answers({ 'POST /v1/tickets': refused }) })
  await phone.see('坐什么去')
  assert.equal(phone.box('从哪里出发').value, '包头')
  await next(phone, '谁坐')
  assert.deepEqual(plain(phone.instance.data.form.passengers), ['p-2'])
  await next(phone, '每张票最多多少钱')
  await next(phone, '现在不用付钱')
  phone.tap('提交，等报价')
  await phone.see('没有这个车次')
  assert.equal(phone.instance.data.name, 'trip')
  phone.away()
})

test('a number that cannot be is said in words before it is sent, and what is not written stays as it is', async () => {
  const phone = await Handset.take({ start: 'packages/tickets/pages/passengers/index', answers: answers({ 'POST /v1/passengers': (body) => [201, passenger('p-3', '新', body)] }) })
  await phone.see('加一个人')
  phone.tap('加一个人')
  await phone.see('用什么证件')
  for (const [typed, wrong] of [['1527', '应该是 18 位，现在是 4 位'], ['15272719560308123Y', '前 17 位都是数字'], ['110101195603081230', '有一位写错了']]) {
    phone.type('证件号', typed)
    phone.type('姓名', '李秀兰')
    phone.tap('存好')
    await phone.see(wrong)
  }
  assert.deepEqual(phone.did('POST /v1/passengers'), [])
  phone.type('证件号', ' 11010519491231002x')
  phone.tap('存好')
  await until(() => phone.did('POST /v1/passengers').length, () => phone.text)
  assert.deepEqual(plain(phone.did('POST /v1/passengers')[0].body), { relation: '', name: '李秀兰', id_kind: 'id_card', id_no: '11010519491231002X' })
  phone.away()

  const old = await Handset.take({ start: 'packages/tickets/pages/passengers/index', answers: answers({ 'POST /v1/passengers/p-2': passenger('p-2', '王*') }) })
  await old.see('王*')
  old.press(old.named('改王*，居民身份证 1527**********1234'))
  await old.see('不改的不用填')
  old.type('是您的什么人', '老伴')
  old.tap('改好了，保存')
  await until(() => old.did('POST /v1/passengers/p-2').length, () => old.text)
  assert.deepEqual(plain(old.did('POST /v1/passengers/p-2')[0].body), { relation: '老伴' })
  old.away()
})

test('a quote says what it is made of and how long it holds; agreeing names its version and leads to the bill', async () => {
  const quoted = view({ actions: [button('authorise', '同意并付款', [hidden('quote_version')]), button('cancel', '不要了', [], { danger: true, main: false })], details: { quote: QUOTE, passengers: [ticket('p-1', '李*兰', { number: '', state_text: '等买票' })] } })
  const agreed = view({ version: 4, details: { quote: { ...QUOTE, state: 'agreed' }, bill_id: 'b-9' } })
  const phone = await Handset.take({ start: TICKET, answers: answers({ 'GET /v1/cases/PW-1': quoted, 'POST /v1/cases/PW-1/authorise': () => [200, agreed] }) })
  await phone.see('给您的报价')
  for (const words of ['车票 李*兰', '90.50 元', '代购费 王*', '191.00 元', '靠窗', '14:00 到']) assert.ok(phone.text.includes(words), words)
  assert.match(phone.text, /还剩 (19|20) 分 \d+ 秒/)
  phone.tap('同意并付款')
  await phone.choose('是的')
  await until(() => phone.instance.route === 'packages/bills/pages/pay/index', () => phone.instance.route)
  assert.deepEqual(plain(phone.did('POST /v1/cases/PW-1/authorise')[0].body), { version: 3, quote_version: 2 })
  assert.equal(phone.instance.options.id, 'b-9')
  phone.away()
})

test('tickets stand there in full, who got none reads why, and what is refused is said', async () => {
  const passengers = [ticket('p-1', '李*兰'), ticket('p-2', '王*', { number: '', depart_at: null, seat: '', carriage: '', record_no: '', price_fen: 0, state_text: '没买到', reason: '二等座卖完了', refund: { back_fen: 9050, text: '没买到，全退' } })]
  const done = view({ actions: [button('give_up', '不要了')], details: { passengers, delivery: { how: 'window', how_text: '到社区窗口取', address: '', state_text: '可以来取', code: '4821', carrier: '', tracking_no: '' } } })
  const phone = await Handset.take({ start: TICKET, answers: answers({ 'GET /v1/cases/PW-1': done, 'POST /v1/cases/PW-1/give_up': () => [409, { error: { code: 'x', message: '已经开车了' } }] }) })
  await phone.see('取票号 E123456789')
  for (const words of ['5 车厢 12F 二等座', '11 月 30 日 周五 9:05 开', '二等座卖完了', '退 90.50 元，没买到，全退', '4821']) assert.ok(phone.text.includes(words), `${words} in ${phone.text}`)
  phone.tap('不要了')
  await phone.choose('是的')
  await until(() => phone.window.document.body.textContent.includes('已经开车了'), () => phone.window.document.body.textContent)
  phone.away()
})

test('giving back is for those who are chosen; what comes back is shown with its rule before it is confirmed by its version', async () => {
  const asks = button('ask_refund', '退票', [{ name: 'passengers', label: '哪些乘客', type: 'text', required: true, options: [], hint: '先看能退多少' }])
  let now = view({ actions: [asks], details: { passengers: [ticket('p-1', '李*兰'), ticket('p-2', '王*')] } })
  const shown = view({ version: 5, actions: [button('confirm_refund', '确定退票', [hidden('refund_version')])], details: { passengers: now.details.passengers, refund: REFUND } })
  const asked = () => {
    now = shown
    return [200, shown]
  }
  const phone = await Handset.take({ start: TICKET, answers: answers({ 'GET /v1/cases/PW-1': () => [200, now], 'POST /v1/cases/PW-1/ask_refund': asked, 'POST /v1/cases/PW-1/confirm_refund': () => [200, view({ version: 6 })] }) })
  await phone.see('退票')
  phone.tap('退票')
  await phone.see('先看能退多少')
  phone.tap('退票')
  await phone.see('请选是哪几个人')
  phone.press(phone.named('王*，D6767，11 月 30 日 周五 9:05，5 车厢 12F 二等座'))
  phone.tap('退票')
  await until(() => phone.did('POST /v1/cases/PW-1/ask_refund').length, () => phone.text)
  assert.deepEqual(plain(phone.did('POST /v1/cases/PW-1/ask_refund')[0].body), { passengers: ['p-2'], version: 3 })
  await phone.see('开车前 50 小时，扣 5%')
  for (const words of ['退 86.00 元', '票价 90.50 元，扣 4.50 元', '还没有退']) assert.ok(phone.text.includes(words), words)
  phone.tap('确定退票')
  await phone.choose('是的')
  await until(() => phone.did('POST /v1/cases/PW-1/confirm_refund').length, () => phone.text)
  assert.deepEqual(plain(phone.did('POST /v1/cases/PW-1/confirm_refund')[0].body), { version: 5, refund_version: 4 })
  phone.away()
})

test('wherever the number of an order leads, its own page opens; what every case has is seen on the page for all', async () => {
  const phone = await Handset.take({ start: 'packages/cases/pages/case/index?case_no=PW-1', answers: answers() })
  await until(() => phone.instance.route === TICKET.split('?')[0], () => phone.instance.route)
  phone.tap('和工作人员说')
  await until(() => phone.instance.route === 'packages/cases/pages/case/index', () => phone.instance.route)
  await phone.see('经过')
  phone.away()
})
