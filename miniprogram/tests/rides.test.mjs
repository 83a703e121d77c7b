// Calling a car, against a server that is a script of answers and lines that hold or break.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, until } from './handset.mjs'

const ORDER = 'packages/rides/pages/order/index'
const RIDE = 'packages/rides/pages/ride/index?case_no=DC-1'
const SHARED = 'packages/rides/pages/shared/index?token=t-1'
const HOME = { lng: 109.98, lat: 39.82 }
const STATION = { lng: 110.01, lat: 39.8 }
const ME = { id: 'r-1', name: '李秀兰', phone: '13900000001', household: { compound_id: 'c-1', room: '3-2-501' }, preferences: {} }
const PLACES = { items: [{ id: 'c-1', kind: 'compound', name: '幸福里', parent_id: 'm-1', spot: HOME }, { id: 'c-2', kind: 'compound', name: '东苑', parent_id: 'm-1', spot: null }] }
const NOBODY_NEAR = '附近现在没有空车，叫车后会继续为您找'
const EMPTY = { items: [], next: null }
const LINES = [{ name: 'base', text: '起步 2.5 公里', amount_fen: 700 }, { name: 'way', text: '再走 2.5 公里', amount_fen: 450 }]
const ESTIMATE = { metres: 5000, minutes: 12, fare_fen: 1150, fare_text: '约 11.50 元', lines: LINES, tariff_version: 3, wait_minutes: 4, note: '' }
const DRIVER = { id: 'd-1', name: '刘师傅', phone: '13947700009', plate: '蒙K·A0001', model: '轩逸', colour: '白色', rating: 4.86 }
const KEPT = { agreed: 1, token: 'mine' }

const plain = (value) => JSON.parse(JSON.stringify(value))
const button = (name, text, more = {}) => ({ name, text, fields: [], danger: false, main: false, ...more })
const details = (more = {}) => ({
  pickup: { text: '幸福里', spot: HOME }, dropoff: { text: '东胜西站', spot: STATION }, at: null, when: '现在', wheelchair: false, helper: false, people: 1, pay: 'wechat', pay_text: '到了用微信付', note: '',
  contact_name: '李秀兰', contact_phone: '139****0001', estimate: ESTIMATE, driver: null, code: null, code_warning: '', offer_until: null, searching_text: '', radius_m: 1500, round: 1, accepted_at: null, eta_at: null,
  arrived_at: null, wait_free_until: null, no_show_from: null, boarded_at: null, ended_at: null, fare: null, cancel_fee_fen: 0, cancel_text: '现在取消不收费', fee_fen: 0, owed_fen: 0, bill_id: null, paid: false,
  cash: false, can_follow: false, share_open: false, held_for: null, give_ups: 0, no_show_note: '', help_phone: '0477-8530000', ...more,
})
const ride = (inside = {}, more = {}) => ({
  case_no: 'DC-1', kind: 'ride', kind_text: '打车', title: '去东胜西站', sentence: '正在找车', state: 'some', state_text: '某个状态', tone: 'active', actions: [], version: 1, clock: null, provider: null, worker: null,
  on_behalf_of: null, open: true, unread: 0, expires_at: null, details: details(inside), ...more,
})
const ordering = (more = {}) => ({
  'GET /v1/me': ME, 'GET /v1/places': PLACES, 'GET /v1/proxies': EMPTY, 'GET /v1/cases': EMPTY, 'GET /v1/subscriptions': EMPTY, 'POST /v1/ride-estimates': () => [200, ESTIMATE], ...more,
})
const riding = (view, more = {}) => ({ 'GET /v1/cases/DC-1': typeof view === 'function' ? () => [200, view()] : view, 'GET /v1/cases/DC-1/rating': {}, 'GET /v1/cases/DC-1/complaint': {}, ...more })
const whereabouts = (more = {}) => ({ case_no: 'DC-1', stage: 'some', stage_text: '某一段', spot: HOME, heading: null, at: new Date().toISOString(), late: false, goal: 'pickup', metres_left: 500, eta_s: 120, text: '', poll_s: 4, ...more })
const to = (spot = STATION, more = {}) => ({ ...KEPT, 'draft.ride': { to: { text: '东胜西站', spot }, ...more } })

test('the price is said line by line before anything is asked for, and one tap asks for it once', async () => {
  let orders = 0
  const answers = ordering({ 'POST /v1/rides': () => [201, ride({}, { case_no: `DC-${(orders += 1)}` })], ...riding(ride()) })
  const phone = await Handset.take({ start: ORDER, answers, kept: to() })
  await phone.see('约 11.50 元')
  await phone.see('约 4 分钟有车 · 5.0 公里，约 12 分钟')
  assert.deepEqual(phone.did('POST /v1/ride-estimates').map((one) => one.body), [
    { pickup: { text: '幸福里', spot: HOME, compound_id: 'c-1' }, dropoff: { text: '东胜西站', spot: STATION }, at: null, wheelchair: false, helper: false },
  ])
  assert.ok(!phone.text.includes('起步'))
  phone.tap('怎么算的')
  await phone.see('起步 2.5 公里7.00 元')

  phone.tap('给师傅现金')
  phone.tap('2 位')
  phone.type('告诉师傅', '在东门等')
  await phone.see('约 11.50 元')
  const call = phone.find('叫车')
  phone.press(call)
  phone.press(call)
  await until(() => phone.instance.route.includes('pages/ride/'), () => 'the page of the ride')
  assert.deepEqual(phone.did('POST /v1/rides').map((one) => [one.body.people, one.body.pay, one.body.note, one.body.at, 'contact' in one.body]), [[2, 'cash', '在东门等', null, false]])
  assert.equal(orders, 1)
  assert.equal(phone.stored('draft.ride'), undefined)
  assert.deepEqual(phone.stored('rides.recent').map((one) => one.text), ['东胜西站', '幸福里'])
  await phone.see('正在找车')
  phone.away()
})

test('of several prices that are asked for the last one counts, and none is shown for what is not filled in', async () => {
  let slow
  const answers = ordering({ 'POST /v1/ride-estimates': async ({ wheelchair, helper }) => {
    if (helper) await new Promise((resolve) => (slow = resolve))
    return [200, { ...ESTIMATE, fare_text: wheelchair ? '约 21.50 元' : '约 11.50 元', wait_minutes: null, note: NOBODY_NEAR }]
  } })
  const phone = await Handset.take({ start: ORDER, answers, kept: to() })
  await phone.see(NOBODY_NEAR)
  assert.equal(phone.text.split('附近现在没有空车').length, 2)
  const [wheelchair, helper] = phone.all('wx-switch')
  helper.click()
  await until(() => slow, () => 'an answer that takes its time')
  helper.click()
  wheelchair.click()
  await phone.see('约 21.50 元')
  slow()
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.ok(phone.text.includes('约 21.50 元'), 'the late answer')
  phone.tap('约个时间')
  await until(() => !phone.text.includes('约 21.50 元'), () => 'no price without an hour')
  assert.ok(phone.find('约这趟车').hasAttribute('disabled'))
  phone.instance.chooseHour({ detail: { value: '23:50' } })
  await phone.see('约 21.50 元')
  assert.match(phone.did('POST /v1/ride-estimates').at(-1).body.at, /^20\d\d-\d\d-\d\dT23:50:00\+08:00$/)
  assert.equal(phone.did('POST /v1/ride-estimates').at(-1).body.wheelchair, true)
  phone.away()
})

test('what is refused says what to do: pay the last fare, call the office, fill in the number', async () => {
  let error = { code: 'fare_owed', message: '您有一趟车还没有付钱，付了就可以再叫车' }
  const phone = await Handset.take({ start: ORDER, answers: ordering({ 'POST /v1/rides': () => [409, { error }] }), kept: to() })
  await phone.see('约 11.50 元')
  phone.tap('叫车')
  await phone.see('去付上次的车费')
  error = { code: 'outside', message: '那里我们的车去不了，请打 0477-8530000 让接线员安排', field: 'dropoff.spot' }
  phone.tap('叫车')
  await phone.see('打电话 0477-8530000')
  assert.ok(!phone.text.includes('去付上次的车费'))
  error = { code: 'invalid', message: 'x', field: 'contact.phone' }
  phone.tap('叫车')
  await phone.see('请填写姓名和能打通的电话')
  phone.away()
})

test('a place is chosen from home, what was before, what everybody knows, or the map', async () => {
  const landmarks = { items: [{ id: 'l-1', name: '东胜西站', kind: 'station', spot: STATION }, { id: 'l-2', name: '中心医院', kind: 'hospital', spot: HOME }] }
  const kept = { ...KEPT, 'rides.recent': [{ text: '儿子家', spot: HOME }] }
  const phone = await Handset.take({ start: ORDER, answers: ordering({ 'GET /v1/landmarks': landmarks }), kept })
  await phone.see('请选要去的地方')
  phone.press(phone.named('到哪里去，还没有选'))
  await phone.see('儿子家')
  assert.deepEqual(phone.all('.group-title').map((one) => one.textContent), ['最近去过', '常去的地方', '小区'])
  phone.type('输入地名', '医院')
  await until(() => !phone.text.includes('东胜西站'), () => 'only the hospital')
  phone.tap('中心医院')
  await phone.see('约 11.50 元')

  phone.press(phone.named('到哪里去，中心医院'))
  await phone.see('在地图上选')
  phone.tap('在地图上选')
  await phone.see('要用到您的个人信息')
  phone.tap('同意')
  await phone.choose('铁西公园（示例）')
  await phone.see('铁西公园（示例）')
  await until(() => phone.did('POST /v1/ride-estimates').at(-1).body.dropoff.text === '铁西公园（示例）', () => 'the price of the new place')
  phone.away()
})

test('home has the plate and the code of a car that comes, and opens its page', async () => {
  const view = ride({ driver: DRIVER, code: '4821' })
  const phone = await Handset.take({ answers: { ...ordering({ 'GET /v1/cases': { items: [view], next: null }, 'GET /v1/services': { ...EMPTY, categories: [] }, 'GET /v1/bundles': EMPTY }), ...riding(view) } })
  await phone.see('蒙K·A0001 · 上了车，请把口令 4821 念给师傅')
  phone.tap('正在找车')
  await until(() => phone.instance.route.includes('packages/rides/pages/ride/'), () => 'the page of the ride')
  phone.away()
})

test('what leads to a case, as a message does, comes to the ride, and its history is still to be had', async () => {
  const view = ride({ driver: DRIVER })
  const phone = await Handset.take({ start: 'packages/cases/pages/case/index?case_no=DC-1', answers: riding(view, { 'GET /v1/cases/DC-1/history': EMPTY, 'GET /v1/cases/DC-1/messages': { ...EMPTY, unread: 0 }, 'GET /v1/subscriptions': EMPTY }) })
  await phone.see('蒙K·A0001')
  phone.tap('看经过，和工作人员说')
  await phone.see('和工作人员说')
  await until(() => phone.instance.route.includes('packages/cases/pages/case/'), () => 'the page of every case')
  await phone.see('经过')
  phone.away()
})

test('while a car is looked for it is said how; once it comes its plate, its driver and the code are there', async () => {
  let view = ride({ searching_text: '在 1.5 公里内找车，正在问第 1 位师傅', offer_until: new Date(Date.now() + 14_500).toISOString() }, { actions: [button('cancel', '取消叫车', { danger: true })] })
  const phone = await Handset.take({ start: RIDE, answers: riding(() => view) })
  await phone.see('在 1.5 公里内找车，正在问第 1 位师傅')
  await phone.see('师傅还有 0:1')
  assert.ok(!phone.text.includes('念给师傅听') && !phone.text.includes('前一位师傅'))
  view = ride({ searching_text: '在 3 公里内找车', give_ups: 1 }, { version: 2 })
  phone.instance.look()
  await phone.see('前一位师傅来不了，正在给您换一位')
  view = ride({ driver: DRIVER, code: '4821', can_follow: false }, { version: 3, sentence: '刘师傅约 4 分钟到' })
  phone.instance.look()
  await phone.see('刘师傅约 4 分钟到')
  for (const text of ['蒙K·A0001', '白色 轩逸', '刘师傅 · 评分 4.9', '4821', '上了车，念给师傅听', '打电话']) await phone.see(text)
  view = ride({ driver: DRIVER, code: '4821', arrived_at: new Date().toISOString(), wait_free_until: new Date(Date.now() + 299_000).toISOString() }, { version: 4, sentence: '刘师傅到了' })
  phone.instance.look()
  await phone.see('免费等到')
  assert.match(phone.all('.figure')[0].textContent, /^4:5\d$/)
  phone.away()
})

test('the car is followed on a line, which ends when nobody looks and begins anew when somebody does', async () => {
  const here = (lng, text = '') => whereabouts({ spot: { lng, lat: 39.82 }, text })
  const phone = await Handset.take({ start: RIDE, answers: riding(ride({ driver: DRIVER, can_follow: true }), { 'GET /v1/rides/DC-1/position': here(109.99) }) })
  await until(() => phone.lines.length, () => 'a line')
  const [line] = phone.lines
  assert.equal(JSON.parse(new URL(line.url).searchParams.get('preview-headers')).Authorization, 'Bearer mine')
  line.open()
  line.tell(here(109.985, '离您还有 800 米，约 3 分钟到'))
  await phone.see('离您还有 800 米，约 3 分钟到')
  await phone.see('位置是刚刚的')
  const car = () => phone.all('.map-marker').find((one) => one.dataset.id === '3')
  assert.equal(car().dataset.lng, '109.985')
  const seen = plain(phone.instance.data.map.points)
  line.tell(here(109.982, '离您还有 300 米'))
  await phone.see('离您还有 300 米')
  assert.equal(car().dataset.lng, '109.982')
  assert.deepEqual(plain(phone.instance.data.map.points), seen, 'the map does not jump')

  phone.preview.background()
  await until(() => line.closed === 1000, () => 'the line is closed')
  phone.preview.foreground()
  await until(() => phone.lines.length === 2, () => 'a new line')
  phone.lines[1].open()
  const asked = phone.did('GET /v1/cases/DC-1').length
  phone.lines[1].onclose({ code: 4410, reason: '行程已结束或正在重新派车' })
  await until(() => phone.did('GET /v1/cases/DC-1').length > asked, () => 'the case is asked for when there is no car any more')
  assert.equal(phone.lines.length, 2)
  phone.away()
})

test('where no line gets through the car is asked for again and again, until one does', async () => {
  let [late, come] = [null, null]
  const phone = await Handset.take({
    start: RIDE, settings: { sockets: 'refused' }, faster: 10,
    answers: riding(ride({ driver: DRIVER, can_follow: true }), { 'GET /v1/rides/DC-1/position': async () => {
      await late
      return [200, whereabouts({ text: '离您还有 500 米' })]
    } }),
  })
  await phone.see('离您还有 500 米')
  const polls = () => phone.did('GET /v1/rides/DC-1/position').length
  await until(() => polls() > 3, () => 'polling')
  assert.equal(phone.lines.length, 0)
  phone.preview.settings.set('sockets', 'open')
  await until(() => phone.lines.length, () => 'the line is tried again')
  const asked = polls()
  late = new Promise((resolve) => (come = resolve))
  await until(() => polls() > asked, () => 'a question under way')
  phone.lines.at(-1).open()
  const before = polls()
  come()
  await new Promise((resolve) => setTimeout(resolve, 900))
  assert.equal(polls(), before, 'nobody polls beside a line that holds')
  phone.lines.at(-1).lose()
  await until(() => polls() > before + 1, () => 'polling again when it breaks')
  await until(() => phone.lines.length === 2, () => 'and the line is tried again')
  phone.away()
})

test('before it is cancelled it is said what that costs; what was cancelled can be asked for once more', async () => {
  const cancel = button('cancel', '取消叫车', { danger: true, fields: [{ name: 'reason', label: '原因', type: 'text', required: false, options: [], hint: '' }] })
  const gone = ride({ fee_fen: 300, owed_fen: 300, bill_id: 'b-1', cancel_text: '取消费 3.00 元' }, { version: 2, open: false, sentence: '您取消了这趟车', actions: [] })
  const phone = await Handset.take({
    start: RIDE,
    answers: riding(ride({ driver: DRIVER, cancel_fee_fen: 300, cancel_text: '师傅已经在路上，现在取消要付 3.00 元' }, { actions: [cancel] }), { 'POST /v1/cases/DC-1/cancel': () => [200, gone], ...ordering() }),
  })
  await phone.see('师傅已经在路上，现在取消要付 3.00 元')
  phone.tap('取消叫车')
  await phone.choose('师傅已经在路上，现在取消要付 3.00 元')
  assert.equal(phone.did('POST /v1/cases/DC-1/cancel').length, 0)
  await phone.choose('是的')
  await phone.see('您取消了这趟车')
  assert.deepEqual(phone.did('POST /v1/cases/DC-1/cancel').map((one) => one.body), [{ version: 1 }])
  await phone.see('微信支付 3.00 元')
  await phone.see('打电话叫车 0477-8530000')
  phone.tap('再叫一次')
  await phone.see('到哪里去东胜西站')
  phone.away()
})

test('at the end the fare is there line by line, and paid in cash or by the bill that was made', async () => {
  const fare = { lines: LINES, total_fen: 1150, total_text: '11.50 元', metres: 5030, metres_from: 'track', waited_s: 0, tariff_version: 3 }
  const over = { driver: { ...DRIVER, phone: '139****0009' }, boarded_at: '2026-11-27T01:00:00Z', ended_at: '2026-11-27T01:20:00Z', fare, fee_fen: 1150 }
  let view = ride({ ...over, owed_fen: 1150, bill_id: 'b-1' }, { open: false, sentence: '到了，车费 11.50 元' })
  const phone = await Handset.take({ start: RIDE, answers: riding(() => view, { 'GET /v1/cases/DC-1/rating': { can_rate: true } }) })
  await phone.see('微信支付 11.50 元')
  await phone.see('走了 5.0 公里，按第 3 版价格表算')
  await phone.see('评一评这趟车')
  assert.ok(!phone.text.includes('打电话') && !phone.text.includes('再叫一次'))
  view = ride({ ...over, paid: true, cash: true }, { open: false, sentence: '到了，车费 11.50 元' })
  phone.instance.look()
  await phone.see('已付现金')
  assert.ok(!phone.text.includes('微信支付'))
  phone.away()
})

test('family gets a link that stops when it is told to', async () => {
  const phone = await Handset.take({
    start: RIDE,
    answers: riding(ride({ driver: DRIVER, share_open: true }), { 'POST /v1/rides/DC-1/shares': () => [201, { token: 't-1', url: '', path: '/packages/rides/pages/shared/index?token=t-1', expires_at: '2040-01-01T00:00:00Z' }], 'DELETE /v1/rides/DC-1/shares': () => [204, null] }),
  })
  await phone.see('做一个链接')
  assert.deepEqual(plain(phone.instance.onShareAppMessage()).path, '/pages/home/index')
  phone.tap('做一个链接')
  await phone.see('发给家人')
  phone.tap('发给家人')
  await phone.choose('发给朋友：看看我到哪里了：去东胜西站')
  await until(() => phone.preview.settings.shared, () => 'a card')
  assert.equal(phone.preview.settings.shared.path, '/packages/rides/pages/shared/index?token=t-1')
  phone.tap('停止分享')
  await phone.see('做一个链接')
  assert.equal(phone.stored('rides.shares'), undefined)
  phone.away()
})

test('whoever opens the link sees the car without signing in, and nothing once it is over', async () => {
  let answer = [200, { ...whereabouts({ text: '乘客在车上，约 10 分钟到', goal: 'dropoff' }), driver: '刘师傅', plate: '蒙K·A0001', model: '轩逸', colour: '白色', pickup: HOME, dropoff: STATION }]
  const phone = await Handset.take({ start: SHARED, faster: 10, kept: {}, answers: { 'GET /v1/ride-shares/t-1': () => answer } })
  await phone.see('乘客在车上，约 10 分钟到')
  await phone.see('蒙K·A0001刘师傅 · 白色 轩逸')
  assert.deepEqual(phone.all('.map-marker').map((one) => one.dataset.id), ['2', '3'])
  assert.deepEqual([...new Set(phone.asked.map((one) => one.what))], ['GET /v1/ride-shares/t-1'])
  answer = [404, { error: { code: 'share_over', message: '这趟车已经结束' } }]
  phone.instance.load()
  await phone.see('现在看不到这趟车')
  await phone.see('这趟车已经结束')
  const asked = phone.asked.length
  await new Promise((resolve) => setTimeout(resolve, 700))
  assert.equal(phone.asked.length, asked)
  phone.away()
})
