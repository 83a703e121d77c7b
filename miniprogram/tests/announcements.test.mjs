// Announcements on home, in their list and on their page, against a server that is a script of answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Handset, is, until } from './handset.mjs'

const LIST = 'packages/announcements/pages/list/index'
const PAGE = 'packages/announcements/pages/announcement/index?id=a-1'
const line = (id, more = {}) => ({
  id, title: `公告 ${id}`, excerpt: '明天停水', publisher: '团结社区', published_at: '2026-11-24T01:00:00Z', edition: 1, corrected: false, unread: false, ...more,
})
const one = (more = {}) => ({
  id: 'a-1', state: 'published', state_text: '已发布', title: '周四停水', text: '第一行\n第二行', images: [], publisher: '团结社区', audience: { kind: 'compound', place_id: 'p-1', text: '团结社区 团结佳苑' },
  published_at: '2026-11-24T01:00:00Z', edition: 2, corrected_at: null, correction_note: '', withdrawn_at: null, withdraw_reason: '', unread: false, ...more,
})
const home = (news) => ({
  'GET /v1/me': { id: 'r-1', name: '李秀兰', household: null, preferences: {} }, 'GET /v1/places': { items: [] }, 'GET /v1/cases': { items: [], next: null },
  'GET /v1/services': { items: [], categories: [] }, 'GET /v1/bundles': { items: [], next: null }, ...(news ? { 'GET /v1/announcements': { items: news, next: null } } : {}),
})

test('home shows the newest three with a dot for what is unread, and opens one, or all', async () => {
  const news = [line('1', { unread: true }), line('2'), line('3')]
  const phone = await Handset.take({ start: 'pages/home/index', answers: { ...home(news), 'GET /v1/announcements/1': one({ id: '1' }) } })
  await phone.see('公告 1')
  assert.deepEqual(phone.did('GET /v1/announcements').map((each) => each.query), [{ limit: '3' }])
  assert.equal(phone.all('.dot').length, 1)
  assert.equal(phone.all('[aria-label^="没看过，公告 1，"]').length, 1)
  phone.press(phone.named('更多公告'))
  await phone.see('就这些了')
  phone.away()
})

test('home opens without announcements, whether there are none or the server cannot say', async () => {
  for (const news of [[], null]) {
    const phone = await Handset.take({ start: 'pages/home/index', answers: home(news) })
    await phone.see('按类别找')
    assert.ok(!phone.text.includes('更多'))
    phone.away()
  }
})

test('the list takes page after page, says what is unread and corrected, and forgets the dot of what was opened', async () => {
  const pages = { '': [[line('1', { unread: true }), line('2', { corrected: true })], 'more'], more: [[line('3')], null] }
  const phone = await Handset.take({
    start: LIST,
    answers: {
      'GET /v1/announcements': (body, query) => [200, { items: pages[query.cursor ?? ''][0], next: pages[query.cursor ?? ''][1] }],
      'GET /v1/announcements/1': one({ id: '1' }),
    },
  })
  await phone.see('往下拉，看更多')
  assert.ok(phone.text.includes('没看过') && phone.text.includes('更正过'))
  await phone.instance.onReachBottom()
  await phone.see('就这些了')
  assert.equal(phone.instance.data.items.map((each) => each.id).join(), '1,2,3')
  phone.press(phone.all('[aria-label^="没看过，公告 1"]')[0])
  await phone.see('周四停水')
  assert.equal(phone.preview.getCurrentPages()[0].data.items[0].unread, false)
  phone.away()
})

const template = (more = {}) => ({ template_id: 't-1', title: '社区公告通知', moment: 'announcements', topic: 'announcements', credits: 0, state: 'unknown', ...more })

test('who would not be told of the next one is asked at the tap, and again only when there is nothing left', async () => {
  const left = template({ credits: 1, state: 'accepted' })
  for (const [known, times] of [[template(), 1], [left, 0], [template({ state: 'rejected' }), 0]]) {
    const phone = await Handset.take({
      start: LIST,
      answers: {
        'GET /v1/announcements': { items: [line('1')], next: null }, 'GET /v1/announcements/1': one({ id: '1' }),
        'GET /v1/subscriptions': { items: [known], next: null }, 'POST /v1/subscriptions': { items: [left], next: null },
      },
    })
    await phone.see('就这些了')
    await until(() => phone.did('GET /v1/subscriptions').length === 1, () => 'fetched before the tap')
    phone.press(phone.all('[aria-label^="公告 1"]')[0])
    await phone.see('周四停水')
    assert.equal(phone.did('POST /v1/subscriptions').length, times, known.state)
    phone.away()
  }
})

test('the page of one offers to be told of the next, and no more once it is allowed', async () => {
  const phone = await Handset.take({
    start: PAGE,
    answers: {
      'GET /v1/announcements/a-1': one(), 'GET /v1/subscriptions': { items: [template()], next: null },
      'POST /v1/subscriptions': { items: [template({ credits: 1, state: 'accepted' })], next: null },
    },
  })
  await phone.see('下次有公告，微信告诉我')
  phone.tap('下次有公告，微信告诉我')
  await until(() => !phone.text.includes('下次有公告'), () => phone.text)
  assert.deepEqual(phone.did('POST /v1/subscriptions')[0].body, { results: { 't-1': 'accept' } })
  phone.away()
})

test('a list that fails says so and tries again, and an empty one says what will come', async () => {
  let broken = true
  const phone = await Handset.take({
    start: LIST,
    answers: { 'GET /v1/announcements': () => (broken ? [400, { error: { code: 'x', message: '打不开' } }] : [200, { items: [], next: null }]) },
  })
  await phone.see('打不开')
  broken = false
  phone.tap('再试一次')
  await phone.see('还没有公告')
  phone.away()
})

test('what is opened is read once, by its edition; what was read is not told again', async () => {
  const phone = await Handset.take({ start: PAGE, answers: { 'GET /v1/announcements/a-1': one({ unread: true }), 'POST /v1/announcements/a-1/read': {} } })
  await phone.see('第二行')
  await until(() => phone.did('POST /v1/announcements/a-1/read').length === 1, () => 'told')
  assert.deepEqual(phone.did('POST /v1/announcements/a-1/read')[0].body, { edition: 2 })
  assert.ok(phone.text.includes('团结社区 · ') && phone.text.includes('发给团结社区 团结佳苑的居民'))
  phone.away()

  const again = await Handset.take({ start: PAGE, answers: { 'GET /v1/announcements/a-1': one() } })
  await again.see('第二行')
  assert.equal(again.did('POST /v1/announcements/a-1/read').length, 0)
  again.away()
})

test('a corrected one says what changed, with its pictures; a withdrawn one says why and nothing else', async () => {
  const images = [{ id: 'f-1', url: '/files/f-1?until=1&sig=x', thumbnail_url: null }]
  const corrected = one({ corrected_at: '2026-11-24T03:00:00Z', correction_note: '改到周四', images })
  const phone = await Handset.take({ start: PAGE, answers: { 'GET /v1/announcements/a-1': corrected } })
  await phone.see('更正：改到周四')
  assert.equal(phone.all('wx-image').filter((each) => is(each, 'picture')).length, 1)
  assert.ok(phone.named('第 1 张图片，点开看大图'))
  phone.away()

  const gone = await Handset.take({ start: PAGE, answers: { 'GET /v1/announcements/a-1': one({ state: 'withdrawn', text: '', withdrawn_at: '2026-11-24T03:00:00Z', withdraw_reason: '不停了' }) } })
  await gone.see('撤回：不停了')
  assert.ok(!gone.text.includes('第二行'))
  gone.away()
})
