// What residents are told, and how: the pages for it against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, is, until } from './handset.mjs'

const SUBSCRIPTIONS = 'packages/me/pages/subscriptions/index'
const TOPICS = 'packages/me/pages/topics/index'
const WAYS = [['now', '马上告诉我'], ['digest', '每天汇总一次'], ['inbox', '只放在消息里']].map(([how, text]) => ({ how, text }))
const HOURS = { start: '22:00:00', end: '07:00:00' }
const topic = (name, title, more = {}) => ({ topic: name, title, text: '', how: 'now', note: '', ways: WAYS, ...more })
const told = (more = {}) => ({ items: [topic('money', '账单和积分'), topic('rides', '用车')], quiet_hours: HOURS, usual: HOURS, ...more })
const me = (preferences = {}) => ({ id: 'r-1', name: '李秀兰', preferences: { large_text: false, quiet_hours: null, topics: {}, calls: true, sms: true, ...preferences } })
const subscription = (id, more = {}) => ({ template_id: id, title: `通知${id}`, topic: 'money', moment: 'some', credits: 0, state: 'unknown', long_term: false, ...more })

const asked = (phone) => phone.did('POST /v1/subscriptions').map((each) => each.body.results)
const changes = (phone) => phone.did('POST /v1/me').map((each) => each.body.preferences)
const buttons = (phone, text) => phone.all('wx-button').filter((each) => each.textContent.trim() === text)

/** The page of subscriptions; an answer counts as WeChat counts it. */
async function subscribed(items, more = {}) {
  let now = items
  const answered = ({ results }) => {
    now = now.map((one) => (results[one.template_id] === 'accept' ? { ...one, credits: one.credits + 1, state: 'accepted' } : results[one.template_id] ? { ...one, state: 'rejected' } : one))
    return [200, { items: now }]
  }
  const listed = Object.assign(() => [200, { items: now }], { items }) // the platform knows the templates, too
  return Handset.take({ start: SUBSCRIPTIONS, answers: { 'GET /v1/topics': told(), 'GET /v1/subscriptions': listed, 'POST /v1/subscriptions': answered }, ...more })
}

/** The page of topics, and a server that keeps what it is told; `refuse` makes it say no. */
async function wishing(preferences = {}, more = {}) {
  const kept = me(preferences)
  const server = { kept, refuse: false }
  const changed = ({ preferences: wanted }) => {
    if (server.refuse) return [409, { error: { code: 'busy', message: '现在改不了' } }]
    Object.assign(kept.preferences, wanted, wanted.topics && { topics: Object.fromEntries(Object.entries({ ...kept.preferences.topics, ...wanted.topics }).filter(([, how]) => how)) })
    return [200, kept]
  }
  const seen = () => {
    const mine = kept.preferences.quiet_hours || HOURS
    return [200, told({ items: told().items.map((one) => ({ ...one, how: kept.preferences.topics[one.topic] || 'now' })), quiet_hours: mine.start === mine.end ? null : mine })]
  }
  const answers = { 'GET /v1/me': () => [200, kept], 'GET /v1/topics': seen, 'POST /v1/me': changed, 'GET /v1/subscriptions': { items: [subscription('d', { moment: 'digest' })] }, 'POST /v1/subscriptions': () => [200, { items: [] }] }
  const phone = await Handset.take({ start: TOPICS, answers: { ...answers, ...more } })
  return Object.assign(phone, { server })
}

const chosen = (phone) => phone.all('.choice').filter((each) => is(each, 'on')).map((each) => each.textContent.trim())
const flip = (phone, label) => phone.press(phone.named(label))

test('how often WeChat still tells somebody is said by topic, and a tap asks for one more', async () => {
  const phone = await subscribed([subscription('一', { credits: 3, state: 'accepted' }), subscription('二'), subscription('三', { topic: 'rides' })])
  await phone.see('还能收 3 次')
  assert.match(phone.text, /账单和积分.*通知一.*还能收 3 次.*通知二.*没有次数.*用车.*通知三/)
  phone.press(phone.named('再收 1 次，通知二'))
  await phone.see('还能收 1 次')
  assert.deepEqual(asked(phone), [{ 二: 'accept' }])
  phone.away()
})

test('of a topic three are asked for at once, those with the fewest left', async () => {
  const items = [['一', 2], ['二', 0], ['三', 1], ['四', 0]].map(([id, credits]) => subscription(id, { credits, state: 'accepted' }))
  const phone = await subscribed([...items, subscription('五', { topic: 'rides' })])
  await phone.see('通知二、通知四、通知三')
  assert.equal(buttons(phone, '这 3 种各再收 1 次').length, 1, 'a topic of one has no such button')
  phone.tap('这 3 种各再收 1 次')
  await until(() => asked(phone).length, () => 'asked')
  assert.deepEqual(Object.keys(asked(phone)[0]), ['二', '四', '三'])
  await phone.see('通知二、通知四、通知一')
  phone.away()
})

test('what is for long is agreed to once, what WeChat has banned is not asked for, and what was refused leads to the settings', async () => {
  const items = [subscription('一', { long_term: true, state: 'accepted' }), subscription('二', { long_term: true }), subscription('三', { state: 'banned' }), subscription('四', { state: 'rejected' })]
  const phone = await subscribed(items)
  await phone.see('一直能收')
  assert.match(phone.text, /通知二 ?还没同意 ?同意接收 ?通知三 ?微信停用了 ?通知四 ?您没同意/)
  assert.match(phone.text, /通知四，您没有同意。想收的话/)
  assert.equal(phone.all('[aria-label]').filter((each) => /通知[一三]$/.test(each.getAttribute('aria-label'))).length, 0)
  phone.away()
})

test('a refusal in the popup says that nothing is lost', async () => {
  const phone = await subscribed([subscription('一')], { settings: { subscriptions: 'reject' } })
  await phone.see('没有次数')
  phone.tap('再收 1 次')
  await phone.see('您没同意')
  assert.match(phone.window.document.querySelector('.phone-layer').textContent, /没有同意，消息仍在“消息”里/)
  phone.away()
})

test('whoever has switched all of them off in WeChat is led to its settings, and what is on again is seen', async () => {
  const phone = await subscribed([subscription('一')], { settings: { subscriptions: 'off' } })
  await phone.see('微信里关掉了订阅消息')
  phone.tap('再收 1 次')
  await until(() => !phone.instance.data.busy, () => 'asked in vain')
  assert.deepEqual(asked(phone), [], 'there was no answer')
  phone.tap('去微信的设置里打开')
  await phone.choose('打开接收')
  await until(() => !phone.text.includes('微信里关掉了'), () => phone.text)
  phone.tap('再收 1 次')
  await phone.see('还能收 1 次')
  phone.away()
})

test('subscriptions that could not be got say why, and are tried again', async () => {
  let broken = true
  const listed = () => (broken ? [500, { error: { code: 'x', message: '服务器累了' } }] : [200, { items: [] }])
  const phone = await Handset.take({ start: SUBSCRIPTIONS, answers: { 'GET /v1/subscriptions': listed, 'GET /v1/topics': told() } })
  await phone.see('服务器累了')
  broken = false
  phone.tap('再试一次')
  await phone.see('没有可订阅的消息')
  phone.away()
})

test('a topic is told once a day from one tap, which asks for that message first, and a tap takes it back', async () => {
  const phone = await wishing()
  await phone.see('用车')
  await until(() => phone.did('GET /v1/subscriptions').length, () => 'what can be asked for')
  assert.deepEqual(chosen(phone), ['马上告诉我', '马上告诉我'])
  phone.tap('每天汇总一次')
  await phone.see('用车：每天汇总一次')
  assert.deepEqual(asked(phone), [{ d: 'accept' }])
  assert.deepEqual(chosen(phone), ['马上告诉我', '每天汇总一次'])
  phone.tap('撤销')
  await phone.see('已改回原来的')
  assert.deepEqual(changes(phone), [{ topics: { rides: 'digest' } }, { topics: { rides: null } }])
  assert.deepEqual(chosen(phone), ['马上告诉我', '马上告诉我'])
  assert.equal(buttons(phone, '撤销').length, 0)
  phone.away()
})

test('what could not be kept is as it was, and says so', async () => {
  const phone = await wishing()
  await phone.see('用车')
  phone.server.refuse = true
  phone.tap('只放在消息里')
  await until(() => phone.window.document.querySelector('.phone-layer').textContent.includes('现在改不了'), () => 'told')
  await until(() => !phone.instance.data.busy, () => 'at rest')
  assert.deepEqual(chosen(phone), ['马上告诉我', '马上告诉我'])
  assert.ok(!phone.text.includes('撤销'))
  phone.away()
})

test('the night can be had one’s own way, and the usual one again', async () => {
  const phone = await wishing()
  await phone.see('从 22:00')
  phone.instance.begin({ detail: { value: '21:30' } })
  await phone.see('21:30—07:00 不打扰您')
  phone.tap('改回平常的 22:00—07:00')
  await phone.see('从 22:00')
  flip(phone, '夜里不打扰')
  await phone.see('夜里也提醒您')
  assert.ok(!phone.text.includes('从 22:00'))
  flip(phone, '夜里不打扰')
  await phone.see('从 22:00')
  assert.deepEqual(changes(phone).map((each) => each.quiet_hours), [{ start: '21:30:00', end: '07:00:00' }, null, { start: '00:00:00', end: '00:00:00' }, null])
  phone.away()
})

test('calls and short messages are switched off, and on again', async () => {
  const phone = await wishing({ sms: false })
  await phone.see('可以打电话告诉我')
  flip(phone, '可以打电话告诉我')
  await phone.see('不打电话告诉您')
  flip(phone, '可以发短信告诉我')
  await phone.see('可以发短信告诉您')
  assert.deepEqual(changes(phone), [{ calls: false }, { sms: true }])
  phone.away()
})

test('who reads what was collected is asked for the next day’s message, and only when none is left', async () => {
  const message = { id: 'm-1', title: '积分到期提醒', text: '内容', at: '2030-01-08T09:00:00Z', read_at: null, case_no: null, page: '', delivery: 'digest' }
  const reading = async (credits, delivery = 'digest') => {
    const items = [subscription('d', { moment: 'digest', credits, state: 'accepted' })]
    const phone = await Handset.take({
      start: 'pages/inbox/index',
      answers: { 'GET /v1/inbox': { items: [{ ...message, delivery }], next: null, unread: 1 }, 'POST /v1/inbox/read': () => [200, {}], 'GET /v1/subscriptions': { items }, 'POST /v1/subscriptions': () => [200, { items }] },
    })
    await phone.see('全部看过')
    await until(() => phone.did('GET /v1/subscriptions').length, () => 'what can be asked for')
    phone.tap('全部看过')
    await until(() => phone.did('POST /v1/inbox/read').length, () => 'read')
    const results = asked(phone)
    phone.away()
    return results
  }
  assert.deepEqual(await reading(0), [{ d: 'accept' }])
  assert.deepEqual(await reading(1), [])
  assert.deepEqual(await reading(0, 'sent'), [])
})

test('what tells of all others stays in the inbox when it is opened, and is read', async () => {
  const message = { id: 'm-1', title: '消息汇总提醒', text: '您有 2 条消息还没看', at: '2030-01-08T09:00:00Z', read_at: null, case_no: null, page: 'pages/inbox/index', delivery: 'sent' }
  const phone = await Handset.take({
    start: 'pages/inbox/index', answers: { 'GET /v1/inbox': () => [200, { items: [message], next: null, unread: message.read_at ? 0 : 1 }], 'POST /v1/inbox/read': () => [200, Object.assign(message, { read_at: message.at })], 'GET /v1/subscriptions': { items: [] } },
  })
  await phone.see('您有 2 条消息还没看')
  phone.tap('您有 2 条消息还没看')
  await until(() => !phone.text.includes('没看过'), () => phone.text)
  assert.equal(phone.instance.route, 'pages/inbox/index')
  assert.deepEqual(phone.did('POST /v1/inbox/read').map((each) => each.body), [{ ids: ['m-1'] }])
  phone.away()
})
