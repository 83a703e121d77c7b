// Whole pages against a server that is a script of answers: what they ask for, what they draw, what they keep.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, is, until } from './handset.mjs'

const CASE_PAGE = 'packages/cases/pages/case/index?case_no=HB-1'
const FORM_PAGE = `packages/services/pages/form/index?id=cleaning&start=${encodeURIComponent('2030-01-08T09:00:00+08:00')}`
const ME = { id: 'r-1', name: '李秀兰', phone: '13900000001', household: { compound_id: 'c-1', room: '3-2-501' }, preferences: {} }
const PLACES = { items: [{ id: 'm-1', kind: 'community', name: '东苑社区' }, { id: 'c-1', kind: 'compound', name: '幸福里', parent_id: 'm-1' }] }
const SERVICE = { id: 'cleaning', name: '日常保洁', fields: [], price: { unit: 'visit', text: '80 元' } }
const EMPTY = { items: [], next: null }
const MOTHER = { id: 'p-1', principal: { id: 'r-2', name: '李秀英' }, holder: { id: 'r-1', name: '' }, scopes: ['bookings'], relation: '母亲', revoked_at: null, expires_at: '2040-01-01T00:00:00Z' }

const plain = (value) => JSON.parse(JSON.stringify(value))
const button = (name, text, more = {}) => ({ name, text, fields: [], danger: false, main: false, ...more })
const item = (more = {}) => ({
  case_no: 'HB-1', kind: 'booking', kind_text: '上门服务', title: '日常保洁', sentence: '刘洋会来', state: 'some', state_text: '某个状态', tone: 'active', actions: [], version: 3,
  clock: null, provider: null, worker: null, on_behalf_of: null, open: true, details: { when: '明天 9:00', parts: [] }, unread: 0, expires_at: null, ...more,
})
const one = (view, more = {}) => ({
  'GET /v1/cases/HB-1': view, 'GET /v1/cases/HB-1/history': EMPTY, 'GET /v1/cases/HB-1/rating': {}, 'GET /v1/cases/HB-1/complaint': {},
  'GET /v1/cases/HB-1/messages': { ...EMPTY, unread: 0 }, 'GET /v1/subscriptions': EMPTY, ...more,
})
const form = (more = {}) => ({
  'GET /v1/services/cleaning': SERVICE, 'GET /v1/me': ME, 'GET /v1/places': PLACES, 'GET /v1/proxies': EMPTY, ...more,
})

const home = (more = {}) => ({
  'GET /v1/me': ME, 'GET /v1/places': PLACES, 'GET /v1/cases': EMPTY, 'GET /v1/services': { ...EMPTY, categories: [] }, 'GET /v1/bundles': EMPTY, ...more,
})
const subscription = (moment, number, credits = 0, state = 'unknown') => ({ template_id: `${moment}-${number}`, title: moment, moment, credits, state })

test('a case has the buttons that the server names, known or not, and no other', async () => {
  const view = item({ actions: [button('fly', '飞过去', { main: true }), button('wait', '再等等'), button('vanish', '不要了', { danger: true })] })
  const phone = await Handset.take({ start: CASE_PAGE, answers: one(view, { 'POST /v1/cases/HB-1/fly': () => [200, item({ version: 4, actions: [button('land', '落地')] })] }) })
  await phone.see('飞过去')
  const drawn = phone.all('wx-button[class~=button]').map((each) => [each.textContent.trim(), is(each, 'outline'), is(each, 'danger')])
  assert.deepEqual(drawn, [['飞过去', false, false], ['再等等', true, false], ['不要了', false, true]])

  phone.tap('飞过去')
  await phone.choose('是的')
  await phone.see('落地')
  assert.deepEqual(phone.did('POST /v1/cases/HB-1/fly').map((each) => each.body), [{ version: 3 }])
  assert.ok(!phone.text.includes('飞过去') && !phone.text.includes('再等等') && !phone.text.includes('不要了'))
  phone.away()
})

test('an action that asks for something opens its form, and what was typed outlives a refusal and the page', async () => {
  const actions = [button('appeal', '申诉', { fields: [{ name: 'reason', label: '原因', type: 'text', required: true, options: [], max: 200, hint: '' }] })]
  const start = 'packages/cases/pages/act/index?case_no=HB-1&action=appeal'
  const answers = one(item({ actions }), { 'POST /v1/cases/HB-1/appeal': () => [422, { error: { code: 'invalid', message: '请写清楚', field: 'reason' } }] })
  const phone = await Handset.take({ start, answers })
  await phone.see('申诉')
  phone.tap('确定申诉')
  await phone.see('请填写“原因”')
  assert.equal(phone.did('POST /v1/cases/HB-1/appeal').length, 0)
  phone.type('原因', '我在家')
  phone.tap('确定申诉')
  await phone.see('请写清楚')
  assert.deepEqual(phone.stored('draft.act.HB-1.appeal'), { reason: '我在家' })
  phone.away()

  const later = await Handset.take({ start, answers, kept: { agreed: 1, token: 'mine', 'draft.act.HB-1.appeal': { reason: '我在家' } } })
  await later.see('原因')
  assert.equal(later.box('原因').value, '我在家')
  later.away()
})

test('of several things one that could not be had is asked for anew: its own times, its own service', async () => {
  const fields = [{ name: 'start', label: '新的上门时间', type: 'moment', required: true, options: [], hint: '' }, ...['part', 'service_id', 'form'].map((name) => ({ name, label: name, type: 'hidden', required: false, options: [], hint: '' }))]
  const parts = [{ part: 'move', name: '搬家', failed: false, service_id: 'moving', case_no: 'HB-2' }, { part: 'clean', name: '保洁', failed: true, service_id: 'cleaning', case_no: 'HB-3' }]
  const start = '2030-01-08T09:00:00+08:00'
  const days = { days: [{ date: '2030-01-08', note: '', slots: [{ start, end: start, free: 1 }] }] }
  const phone = await Handset.take({
    start: 'packages/cases/pages/act/index?case_no=HB-1&action=replace',
    answers: one(item({ kind: 'bundle', actions: [button('replace', '重新约这一件', { fields })], details: { when: '', bundle_id: 'moving-home', parts } }), {
      'GET /v1/bundles/moving-home': { parts: [{ part: 'clean', services: [{ id: 'cleaning', name: '日常保洁', fields: [] }, { id: 'deep', name: '深度保洁', fields: [] }] }] },
      'GET /v1/services/cleaning/slots': days, 'GET /v1/services/deep/slots': days, 'POST /v1/cases/HB-1/replace': () => [409, { error: { code: 'x', message: '刚刚被约走' } }],
    }),
  })
  await phone.see('深度保洁')
  assert.equal(phone.did('GET /v1/services/cleaning/slots').length, 1)
  phone.tap('深度保洁')
  await until(() => phone.did('GET /v1/services/deep/slots').length, () => 'the times of the other service')
  await phone.see('9:00')
  phone.tap('9:00')
  phone.tap('确定重新约这一件')
  await phone.see('刚刚被约走')
  assert.deepEqual(phone.did('POST /v1/cases/HB-1/replace')[0].body, { part: 'clean', service_id: 'deep', start, version: 3 })
  phone.away()
})

test('nothing leaves the phone before the rules are agreed to; refusing says where else to go', async () => {
  const phone = await Handset.take({ kept: {}, answers: home({ 'POST /v1/sessions': () => [201, { token: 'new' }] }) })
  await phone.see('欢迎来到')
  phone.tap('不同意')
  await phone.see('社区窗口')
  assert.deepEqual(phone.asked, [])
  phone.tap('同意，开始使用')
  await phone.see('按类别找')
  assert.deepEqual([phone.stored('agreed'), phone.asked[0].what], [1, 'POST /v1/sessions'])
  assert.ok(!phone.text.includes('欢迎来到'))
  phone.away()
})

test('the phone number is asked for after privacy, and not taken from whoever refuses', async () => {
  const answers = { 'GET /v1/me': { ...ME, phone: null }, 'GET /v1/places': PLACES, 'POST /v1/me/phone': () => [200, { ...ME, phone: '139****0001' }] }
  const phone = await Handset.take({ start: 'pages/me/index', answers })
  await phone.see('绑定后师傅能联系到您')
  phone.tap('绑定')
  await phone.see('要用到您的个人信息')
  phone.tap('不同意')
  await until(() => !phone.text.includes('要用到您的个人信息'), () => 'the question goes away')
  assert.equal(phone.did('POST /v1/me/phone').length, 0)
  phone.tap('绑定')
  await phone.see('要用到您的个人信息')
  phone.tap('同意')
  await phone.see('139****0001')
  assert.deepEqual(phone.did('POST /v1/me/phone').map((each) => each.body), [{ code: 'a-code' }])
  phone.away()
})

test('lists go on at the bottom, begin anew when pulled, and what is opened is read', async () => {
  const message = (id, more = {}) => ({ id, title: `消息${id}`, text: '内容', at: '2030-01-08T09:00:00Z', read_at: null, case_no: 'HB-1', ...more })
  const pages = { '': { items: [message('一'), message('二')], next: 'more', unread: 3 }, more: { items: [message('三', { case_no: null })], next: null, unread: 3 } }
  const phone = await Handset.take({ start: 'pages/inbox/index', answers: one(item(), { 'GET /v1/inbox': (body, query) => [200, pages[query.cursor ?? '']], 'POST /v1/inbox/read': () => [200, {}] }) })
  await phone.see('往下拉，看更多')
  await phone.instance.onReachBottom()
  await phone.see('消息三')
  await phone.see('就这些了')
  await phone.instance.onReachBottom()
  assert.deepEqual(phone.did('GET /v1/inbox').map((each) => each.query), [{}, { cursor: 'more' }], 'nothing is asked for after the end')

  phone.tap('消息三')
  await phone.see('2 条没看过')
  assert.deepEqual(phone.did('POST /v1/inbox/read').map((each) => each.body), [{ ids: ['三'] }])
  phone.tap('消息三')
  await phone.instance.onPullDownRefresh()
  await until(() => !phone.text.includes('消息三'), () => phone.text)
  assert.equal(phone.did('POST /v1/inbox/read').length, 1, 'read once')
  phone.away()
})

test('a list that could not be got says why, and is tried again', async () => {
  let broken = true
  const phone = await Handset.take({ start: 'pages/cases/index', answers: { 'GET /v1/cases': () => (broken ? [500, { error: { code: 'x', message: '服务器累了' } }] : [200, { items: [item({ behalf_text: '由 王小明 代您办的' })], next: null }]) } })
  await phone.see('服务器累了')
  broken = false
  phone.tap('再试一次')
  await phone.see('上门服务 · 日常保洁 · 由 王小明 代您办的')
  phone.away()
})

test('for oneself what is known is filled in; for the family nothing is sent that was not typed', async () => {
  const booked = () => [422, { error: { code: 'x', message: '先不约' } }]
  const phone = await Handset.take({ start: FORM_PAGE, answers: form({ 'GET /v1/proxies': { items: [MOTHER, { ...MOTHER, id: 'p-3' }, { ...MOTHER, id: 'p-2', principal: { id: 'r-3', name: '收回的' }, revoked_at: '2020-01-01T00:00:00Z' }] }, 'POST /v1/bookings': booked }) })
  await phone.see('幸福里 3-2-501')
  assert.ok(!phone.text.includes('收回的'))
  phone.tap('下一步')
  await phone.see('先不约')
  phone.tap('母亲 李秀英')
  await phone.see('李秀英自己登记的住址')
  phone.type('留言', '请慢一点')
  phone.tap('下一步')
  await until(() => phone.did('POST /v1/bookings').length === 2, () => 'asked twice')
  const [mine, hers] = phone.did('POST /v1/bookings').map((each) => each.body)
  assert.deepEqual([mine.address, mine.contact, mine.resident_id], [ME.household, { name: '李秀兰', phone: '13900000001' }, undefined])
  assert.deepEqual([hers.address, hers.contact, hers.resident_id, hers.note], [undefined, undefined, 'r-2', '请慢一点'])
  const kept = { agreed: 1, token: 'mine', 'draft.booking.cleaning': phone.stored('draft.booking.cleaning') }
  phone.away()

  const later = await Handset.take({ start: FORM_PAGE, answers: form({ 'GET /v1/proxies': { items: [MOTHER] } }), kept })
  await later.see('李秀英自己登记的住址')
  assert.equal(later.box('留言').value, '请慢一点')
  later.away()
  const ended = await Handset.take({ start: FORM_PAGE, answers: form(), kept })
  await ended.see('幸福里 3-2-501')
  assert.ok(!ended.text.includes('替谁约'), 'whose leave has ended is nobody to book for')
  ended.away()
})

test('a held seat counts down, is kept longer in one tap, and the button goes when it is used', async () => {
  const expires = (seconds) => new Date(Date.now() + seconds * 1000).toISOString()
  const details = { ...item().details, service_id: 'cleaning', start: '2030-01-08T09:00:00Z', cancel_free_until: '2030-01-08T05:00:00Z', contact_name: '李', contact_phone: '1', price_text: '免费' }
  const held = item({ details, expires_at: expires(40), actions: [button('submit', '提交预约', { main: true }), button('prolong', '再留几分钟'), button('cancel', '取消预约', { danger: true })] })
  const longer = { ...held, version: 4, expires_at: expires(300), actions: held.actions.filter((each) => each.name !== 'prolong') }
  const phone = await Handset.take({ start: 'packages/services/pages/confirm/index?case_no=HB-1', answers: one(held, { 'POST /v1/cases/HB-1/prolong': () => [200, longer] }) })
  await phone.see('快到时间了')
  phone.tap('再留几分钟')
  await phone.see('在这之前提交就行')
  assert.match(phone.text, /[45]:\d\d/)
  assert.ok(!phone.text.includes('再留几分钟') && phone.text.includes('提交预约') && !phone.text.includes('取消预约'))
  phone.away()
})

test('home says where one lives as the profile has it, and leads whoever has not said so to where it is said', async () => {
  const settled = await Handset.take({ answers: home() })
  await settled.see('李秀兰，')
  await settled.see('幸福里')
  assert.ok(!settled.text.includes('填一下您住的小区'))
  settled.away()

  const newcomer = await Handset.take({ answers: home({ 'GET /v1/me': { ...ME, household: null, birth_year: null }, 'GET /v1/subscriptions': EMPTY }) })
  await newcomer.see('填一下您住的小区')
  newcomer.tap('填一下您住的小区')
  await newcomer.see('住在哪里')
  newcomer.away()
})

test('the tap that saves the profile asks for its message first, and saves whatever the answer', async () => {
  const items = [subscription('submit', 1), subscription('profile', 1)]
  const phone = await Handset.take({
    start: 'packages/me/pages/profile/index', settings: { subscriptions: 'reject' },
    answers: home({ 'GET /v1/subscriptions': { items }, 'POST /v1/subscriptions': () => [200, { items }], 'POST /v1/me': () => [200, ME] }),
  })
  await phone.see('住在哪里')
  await until(() => phone.did('GET /v1/subscriptions').length, () => 'what can be asked for')
  phone.tap('保存')
  await until(() => phone.did('POST /v1/me').length, () => 'the profile is saved')
  const written = phone.asked.filter((each) => each.what.startsWith('POST')).map((each) => [each.what, each.body.results])
  await until(() => phone.instance.route === 'pages/me/index', () => 'whoever came by a message is led on')
  assert.deepEqual(written, [['POST /v1/subscriptions', { 'profile-1': 'reject' }], ['POST /v1/me', undefined]])
  phone.away()
})

test('what could not be sent now is asked for before what still can, and never what is banned', async () => {
  const items = [...[1, 2, 3].map((number) => subscription('visit', number, 1, 'accepted')), subscription('visit', 4, 0, 'banned'), subscription('finish', 1), subscription('progress', 1)]
  const phone = await Handset.take({
    start: CASE_PAGE, answers: one(item({ actions: [button('fly', '飞过去')] }), { 'GET /v1/subscriptions': { items }, 'POST /v1/subscriptions': () => [200, { items }] }),
  })
  await phone.see('飞过去')
  await until(() => phone.did('GET /v1/subscriptions').length, () => 'what can be asked for')
  phone.tap('飞过去')
  await phone.choose('再想想')
  assert.deepEqual(phone.did('POST /v1/subscriptions').map((each) => Object.keys(each.body.results)), [['finish-1', 'progress-1', 'visit-1']])
  phone.away()
})

test('a proxy is given in what the server offers, for as long, and whoever it is given by says who they are', async () => {
  const listed = { ...EMPTY, scopes: [{ value: 'bookings', text: '预约服务' }, { value: 'swim', text: '陪着游泳' }], terms: [{ days: 7, text: '一个星期' }, { days: 90, text: '三个月' }] }
  const made = () => [201, { code: '7KQM-2WRT', code_expires_at: '2030-01-08T09:00:00Z', proxy: { scopes_text: '陪着游泳', until_text: '到 2030 年 1 月 15 日为止' } }]
  const phone = await Handset.take({ start: 'packages/me/pages/proxies/index', answers: { 'GET /v1/proxies': listed, 'GET /v1/subscriptions': EMPTY, 'POST /v1/proxies': made } })
  await phone.see('陪着游泳')
  phone.tap('预约服务')
  await phone.see('请选可以办什么')
  phone.tap('陪着游泳')
  phone.tap('一个星期')
  phone.type('您是家人的什么人', '母亲')
  phone.tap('生成邀请码')
  await phone.see('7KQM-2WRT')
  await phone.see('可以替您陪着游泳，到 2030 年 1 月 15 日为止')
  assert.deepEqual(phone.did('POST /v1/proxies').map((each) => each.body), [{ scopes: ['swim'], days: 7, relation: '母亲' }])
  phone.away()
})

test('a proxy that has ended cannot be ended again; one in force is, after a question', async () => {
  const proxy = (id, can_end, sentence) => ({ id, side: 'granted', can_end, sentence, state: 'some', state_text: '某状态', scopes_text: '预约服务', until_text: '到 2030 年 1 月 15 日为止' })
  let items = [proxy('p-1', true, '李强 替您办'), proxy('p-2', false, '李华 替您办')]
  const phone = await Handset.take({
    start: 'packages/me/pages/proxies/index',
    answers: { 'GET /v1/subscriptions': EMPTY, 'GET /v1/proxies': () => [200, { items, scopes: [], terms: [{ days: 7, text: '一个星期' }] }], 'DELETE /v1/proxies/p-1': () => [204, null] },
  })
  await phone.see('李华 替您办')
  assert.equal(phone.all('wx-button').filter((each) => each.textContent.trim() === '收回').length, 1)
  items = items.map((each) => ({ ...each, can_end: false }))
  phone.tap('收回')
  await phone.choose('收回')
  await until(() => !phone.all('wx-button').some((each) => each.textContent.trim() === '收回'), () => phone.text)
  assert.equal(phone.did('DELETE /v1/proxies/p-1').length, 1)
  phone.away()
})

test('my data become a file that a tap of its own sends on; where that cannot be done they are copied', async () => {
  const start = 'packages/me/pages/privacy/index'
  const phone = await Handset.take({ start, answers: { 'GET /v1/me/export': { profile: { name: '李秀兰' } } } })
  const { wx } = phone.preview
  const sent = []
  wx.shareFileMessage = (given) => {
    sent.push(given)
    return sent.length === 1 ? Promise.reject({ errMsg: 'shareFileMessage:fail cancel' }) : Promise.resolve({})
  }
  phone.tap('存成文件')
  await phone.see('已存好，1 KB')
  phone.tap('发到微信聊天里')
  await until(() => sent.length === 1, () => 'sent')
  assert.deepEqual(plain(sent[0].filePath), 'http://usr/hoelun-export.json')
  assert.match(sent[0].fileName, /^我的数据-20\d\d-\d\d-\d\d\.json$/)
  assert.equal(phone.preview.settings.clipboard, '', 'whoever changes their mind gets no copy instead')
  wx.shareFileMessage = () => Promise.reject({ errMsg: 'shareFileMessage:fail not supported' })
  await until(() => !phone.all('wx-button').some((each) => is(each, 'off')), () => 'at rest')
  phone.tap('发到微信聊天里')
  await phone.see('要用到您的个人信息')
  phone.tap('同意')
  await until(() => phone.preview.settings.clipboard, () => 'copied')
  assert.deepEqual(JSON.parse(phone.preview.settings.clipboard), { profile: { name: '李秀兰' } })
  phone.away()
})

test('a certificate in the profile is shown and taken out, and a profile without one has no such card', async () => {
  const start = 'packages/me/pages/profile/index'
  const disability = { level: 2, text: '二级，有效期到 2030 年 1 月 8 日' }
  const phone = await Handset.take({ start, answers: home({ 'GET /v1/me': { ...ME, disability }, 'GET /v1/subscriptions': EMPTY, 'DELETE /v1/me/disability': () => [204, null] }) })
  await phone.see('二级，有效期到 2030 年 1 月 8 日')
  phone.tap('删掉这条登记')
  await phone.choose('不删')
  assert.equal(phone.did('DELETE /v1/me/disability').length, 0)
  phone.tap('删掉这条登记')
  await phone.choose('删掉')
  await until(() => !phone.text.includes('残疾人证'), () => phone.text)
  assert.equal(phone.did('DELETE /v1/me/disability').length, 1)
  phone.away()
})

test('whoever would not hear of the visit is offered to, and is not asked again after an answer', async () => {
  const visit = (state, credits = 0) => [subscription('visit', 1, credits, state)]
  const coming = (more = {}) => item({ details: { ...item().details, start_code: '1234', ...more } })
  const asked = async (items, view = coming()) => {
    const phone = await Handset.take({ start: CASE_PAGE, answers: one(view, { 'GET /v1/subscriptions': { items }, 'POST /v1/subscriptions': () => [200, { items: visit('accepted', 1) }] }) })
    await phone.see('经过')
    await until(() => phone.did('GET /v1/subscriptions').length, () => 'what can be asked for')
    return phone
  }
  const phone = await asked(visit('unknown'))
  await phone.see('要提醒')
  phone.tap('要提醒')
  await until(() => !phone.text.includes('要提醒'), () => phone.text)
  assert.deepEqual(phone.did('POST /v1/subscriptions').map((each) => each.body.results), [{ 'visit-1': 'accept' }])
  phone.away()
  for (const [items, view] of [[visit('rejected')], [visit('banned')], [visit('accepted', 2)], [visit('unknown'), coming({ finish_note: '擦完了' })], [visit('unknown'), item()]]) {
    const other = await asked(items, view)
    await until(() => other.instance.data.state === 'ready', () => 'drawn')
    assert.ok(!other.text.includes('要提醒'))
    other.away()
  }
})
