// Each component alone: what it draws of what it is given, and what it tells.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, is } from './handset.mjs'

const DAY_MS = 24 * 3600 * 1000
const date = (days) => new Date(Date.now() + 8 * 3600 * 1000 + days * DAY_MS).toISOString().slice(0, 10)
const slot = (days, time, free) => ({ start: `${date(days)}T${time}:00+08:00`, end: `${date(days)}T${time}:00+08:00`, free })
const FRAME = { error: '', title: '', action: '' }
const plain = (value) => JSON.parse(JSON.stringify(value))

test('the slot picker opens at the first free day and tells full times from free ones', async () => {
  const days = [
    { date: date(0), note: '', slots: [slot(0, '09:00', 0)] },
    { date: date(1), note: '', slots: [slot(1, '09:00', 2), slot(1, '14:30', 0), slot(1, '19:00', 1)] },
    { date: date(2), note: '师傅休息', slots: [] },
    { date: date(3), note: '未开放', slots: [] },
  ]
  const phone = await Handset.stage('slot-picker', { days, chosen: '' })
  assert.deepEqual(phone.all('.day-note').map((one) => one.textContent), ['约满', '2 个', '休息', '未开放'])
  assert.deepEqual(phone.all('.day-name').slice(0, 3).map((one) => one.textContent), ['今天', '明天', '后天'])
  assert.deepEqual(phone.all('.part-name').map((one) => one.textContent), ['上午', '下午', '晚上'])
  assert.deepEqual(phone.all('.slot-note').map((one) => one.textContent), ['剩 2 位', '约满', '剩 1 位'])

  phone.tap('9:00')
  phone.tap('14:30')
  assert.deepEqual(plain(phone.heard), [{ type: 'pick', start: days[1].slots[0].start }, { type: 'full', start: days[1].slots[1].start }])
  phone.give('slot-picker', { days, chosen: days[1].slots[0].start })
  assert.deepEqual(phone.all('.slot').map((one) => one.getAttribute('aria-checked')), ['true', 'false', 'false'])
  phone.tap('后天')
  await phone.see('师傅休息，请看看别的日子')
  phone.away()
})

test('a form is drawn from its fields, and numbers are told as numbers', async () => {
  const fields = [
    { name: 'area', label: '房屋面积', type: 'number', required: true, options: [], hint: '平方米', min: null, max: null },
    { name: 'pet', label: '有没有宠物', type: 'yes_no', required: false, options: [] },
    { name: 'kind', label: '做哪种', type: 'choice', required: true, options: [{ value: 'a', text: '日常' }, { value: 'b', text: '深度' }] },
    { name: 'reason', label: '原因（可不填）', type: 'text', required: false, options: [], max: 200 },
    { name: 'floor', label: '楼层', type: 'text', required: false, options: [], max: 20 },
    { name: 'photos', label: '照片', type: 'files', required: false, options: [] },
    { name: 'version', label: '版本', type: 'hidden', required: false, options: [] },
  ]
  const phone = await Handset.stage('field-form', { fields, values: { area: 80 }, errors: { area: '面积太大了' } })
  assert.equal(phone.all('.field').length, 5, 'no field for what this form cannot ask')
  await phone.see('面积太大了')
  await phone.see('楼层（可不填）')
  assert.equal(phone.text.split('（可不填）').length, 4, 'said once where the label says it')
  assert.equal(phone.box('房屋面积').value, '80')
  assert.deepEqual([phone.box('原因（可不填）').tagName, phone.box('楼层').tagName], ['TEXTAREA', 'INPUT'])

  phone.type('房屋面积', '95.5')
  phone.type('房屋面积', '很大')
  phone.type('房屋面积', '')
  phone.tap('深度')
  phone.tap('不是')
  assert.deepEqual(plain(phone.heard.map((one) => one.values)), [{ area: 95.5 }, { area: '很大' }, {}, { area: 80, kind: 'b' }, { area: 80, pet: false }])
  phone.away()
})

test('the clock says what is used, what is due, and that it stands still', async () => {
  const due = `${date(1)}T09:00:00+08:00`
  const phone = await Handset.stage('clock', { clock: { text: '还剩 3 个工作日', due_at: due, overdue: false, used: 4, total: 7, paused: false, sentence: '已用 4 个工作日，共 7 个' } })
  await phone.see('期限 明天 9:00')
  await phone.see('已用 4 个工作日，共 7 个')
  assert.match(phone.all('.used')[0].getAttribute('style'), /57%/)
  phone.give('clock', { clock: { text: '已停表', due_at: due, overdue: false, used: 4, total: 7, paused: true, sentence: '' } })
  assert.ok(!phone.text.includes('期限') && is(phone.all('.clock')[0], 'wait'))
  phone.give('clock', { clock: { text: '已超过 5 分钟', due_at: due, overdue: true, used: null, total: null, paused: false, sentence: '' } })
  assert.ok(is(phone.all('.clock')[0], 'late') && !phone.all('.bar').length)
  phone.give('clock', { clock: null })
  assert.equal(phone.all('.clock').length, 0)
  phone.away()
})

test('the story is told newest first, by what, when, by whom, and why', async () => {
  const at = `${date(0)}T09:05:00+08:00`
  const phone = await Handset.stage('timeline', { items: [
    { seq: 1, at, text: '提交预约', target_text: '等商家确认', by: '居民', role: '居民', reason: '' },
    { seq: 2, at, text: '不能接单', target_text: '商家未接', by: '王芳', role: '商家负责人', reason: '那天没有人手' },
  ] })
  assert.deepEqual(phone.all('.what').map((one) => one.textContent), ['商家未接', '等商家确认'])
  assert.deepEqual(phone.all('.who').map((one) => one.textContent), ['不能接单 · 今天 9:05 · 王芳（商家负责人）', '提交预约 · 今天 9:05 · 居民'])
  await phone.see('那天没有人手')
  phone.away()
})

test('stars rise from worst to best, each with its word', async () => {
  const levels = [{ stars: 5, text: '非常满意' }, { stars: 3, text: '一般' }, { stars: 1, text: '非常不满意' }]
  const phone = await Handset.stage('stars', { levels, value: 3 })
  assert.deepEqual(phone.all('[role=radio]').map((one) => one.getAttribute('aria-label')), ['非常不满意', '一般', '非常满意'])
  assert.deepEqual(phone.all('[role=radio]').map((one) => is(one, 'on')), [true, true, false])
  assert.equal(phone.all('.word')[0].textContent, '一般')
  phone.press(phone.named('非常满意'))
  assert.deepEqual(plain(phone.heard), [{ type: 'change', value: 5 }])
  phone.away()
})

test('choices tell which one', async () => {
  const phone = await Handset.stage('choices', { options: [{ value: '', text: '自己' }, { value: 'r-2', text: '母亲 李秀英' }], chosen: '' })
  assert.deepEqual(phone.all('[role=radio]').map((one) => one.getAttribute('aria-checked')), ['true', 'false'])
  phone.tap('母亲 李秀英')
  assert.deepEqual(plain(phone.heard), [{ type: 'change', value: 'r-2' }])
  phone.away()
})

test('a page shows bones, trouble, emptiness or what is inside, never two of them', async () => {
  const phone = await Handset.stage('page-frame', { ...FRAME, state: 'loading' })
  assert.ok(phone.all('[aria-busy=true]').length && !phone.text.includes('里面'))
  phone.give('page-frame', { ...FRAME, state: 'error', error: '网络不通' })
  assert.ok(!phone.all('[aria-busy]').length && phone.text.includes('网络不通') && !phone.text.includes('里面'))
  phone.tap('再试一次')
  phone.give('page-frame', { ...FRAME, state: 'empty', title: '还没有消息', action: '去约服务' })
  assert.ok(phone.text.includes('还没有消息') && !phone.text.includes('没有打开'))
  phone.tap('去约服务')
  assert.deepEqual(plain(phone.heard), [{ type: 'act' }])
  phone.give('page-frame', { ...FRAME, state: 'ready' })
  assert.equal(phone.text.trim(), '里面')
  phone.away()
})

test('whoever has no network is told on every page, until it is back', async () => {
  const phone = await Handset.stage('page-frame', { ...FRAME, state: 'ready' })
  phone.preview.settings.set('network', 'cut')
  await phone.see('现在没有网络')
  phone.preview.settings.set('network', 'normal')
  await phone.see('里面')
  assert.ok(!phone.text.includes('现在没有网络'))
  phone.away()
})
