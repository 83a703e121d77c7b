// The door to the server, in a world whose wx is made of a script of answers.
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const PATH = require.resolve('../app/services/request.js')
const LOST = 'lost'

let asked
let answers
let kept

/** A fresh door; `script` has an answer for each request: [status, body], or LOST for none. */
function door(...script) {
  asked = []
  answers = script
  globalThis.wx = {
    getAccountInfoSync: () => ({ miniProgram: { envVersion: 'develop' } }),
    getStorageSync: (name) => kept[name] ?? '',
    setStorageSync: (name, value) => { kept[name] = structuredClone(value) },
    removeStorageSync: (name) => { delete kept[name] },
    login: async () => ({ code: 'a-code' }),
    request: ({ data, ...asking }) => exchange({ ...asking, data }, (body) => body),
    uploadFile: (asking) => exchange({ ...asking, method: 'POST' }, (body) => JSON.stringify(body)),
  }
  delete require.cache[PATH]
  return require(PATH)
}

function exchange({ url, method, data, header, success, fail }, said) {
  asked.push({ path: new URL(url).pathname, method, data, key: header['Idempotency-Key'], token: header.Authorization })
  const [status, body, headers = {}] = Array.isArray(answers[0]) ? answers.shift() : [answers.shift()]
  queueMicrotask(() => (status === LOST ? fail({ errMsg: 'request:fail' }) : success({ statusCode: status, data: said(body), header: headers })))
}

beforeEach((context) => {
  kept = {}
  context.mock.timers.enable({ apis: ['setTimeout'] })
})

const SESSION = [201, { token: 'first' }]

/** Let time go on until the promise has settled. */
async function settled(context, promise) {
  let done = false
  const end = promise.then((value) => ({ value }), (error) => ({ error })).finally(() => { done = true })
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve))
    context.mock.timers.tick(5000)
  }
  const { value, error } = await end
  if (error) throw error
  return value
}

test('the first call signs in, and many first calls sign in once', async (context) => {
  const { get } = door(SESSION, [200, { a: 1 }], [200, { a: 2 }])
  await settled(context, Promise.all([get('/v1/me'), get('/v1/cases')]))
  assert.deepEqual(asked.map((one) => one.path), ['/v1/sessions', '/v1/me', '/v1/cases'])
  assert.equal(asked[1].token, 'Bearer first')
})

test('a session that has ended is renewed without anybody noticing', async (context) => {
  kept.token = 'old'
  const { get } = door([401, {}], SESSION, [200, { name: '李秀兰' }])
  assert.deepEqual(await settled(context, get('/v1/me')), { name: '李秀兰' })
  assert.deepEqual(asked.map((one) => one.token), ['Bearer old', undefined, 'Bearer first'])
})

test('several calls that find their session ended sign in once, also when one of them finds out late', async (context) => {
  kept.token = 'old'
  const { get } = door([401, {}], [401, {}], SESSION, [200, { a: 1 }], [200, { a: 2 }], [401, {}])
  await settled(context, Promise.all([get('/v1/me'), get('/v1/cases')]))
  assert.equal(asked.filter((one) => one.path === '/v1/sessions').length, 1)

  const late = door([200, {}])
  const { request } = globalThis.wx
  globalThis.wx.request = (asking) => {
    globalThis.wx.request = request
    kept.token = 'renewed by another call meanwhile'
    asking.success({ statusCode: 401, data: {}, header: {} })
  }
  await settled(context, late.get('/v1/me'))
  assert.deepEqual(asked.map((one) => [one.path, one.token]), [['/v1/me', 'Bearer renewed by another call meanwhile']])
})

test('a photo finds its session ended: it is sent once more after signing in, with the same key', async (context) => {
  kept.token = 'old'
  const { upload } = door([401, {}], SESSION, LOST, [201, { id: 'photo' }])
  assert.deepEqual(await settled(context, upload('/v1/cases/HB-1/attachments', 'wxfile://photo')), { id: 'photo' })
  const sent = asked.filter((one) => one.path.endsWith('/attachments'))
  assert.deepEqual(sent.map((one) => one.token), ['Bearer old', 'Bearer first', 'Bearer first'])
  assert.equal(new Set(sent.map((one) => one.key)).size, 1)
})

test('who asks too often waits as long as the server says, unless that is too long to wait', async (context) => {
  kept.token = 'mine'
  const { get } = door([429, {}, { 'retry-after': '3' }], [503, {}, { 'Retry-After': '2' }], [200, { items: [] }])
  const pauses = []
  const { setTimeout } = globalThis
  context.mock.method(globalThis, 'setTimeout', (work, milliseconds) => pauses.push(milliseconds) && setTimeout(work, milliseconds))
  await settled(context, get('/v1/cases'))
  assert.deepEqual(pauses, [3000, 2000])

  const busy = door([429, { error: { code: 'asked_too_often', message: '您操作得太快了，请等几秒再试' } }, { 'Retry-After': '60' }])
  await assert.rejects(settled(context, busy.get('/v1/cases')), { code: 'asked_too_often', status: 429, message: '您操作得太快了，请等几秒再试' })
  assert.equal(asked.length, 1)
})

test('a write whose answer is lost is sent again with the same key', async (context) => {
  kept.token = 'mine'
  const { write } = door(LOST, LOST, [201, { case_no: 'HB-1' }])
  assert.deepEqual(await settled(context, write('/v1/bookings', { start: 'nine' })), { case_no: 'HB-1' })
  assert.equal(new Set(asked.map((one) => one.key)).size, 1)
  assert.deepEqual(kept.unanswered, {})
})

test('the key of a write that was never answered outlives the program', async (context) => {
  kept.token = 'mine'
  const before = door(LOST, LOST, LOST, LOST)
  await assert.rejects(settled(context, before.write('/v1/bookings', { start: 'nine' })), { offline: true })
  const [{ key }] = asked
  const later = door([201, {}], [201, {}])
  await settled(context, later.write('/v1/bookings', { start: 'nine' }))
  await settled(context, later.write('/v1/bookings', { start: 'nine' }))
  assert.equal(asked[0].key, key)
  assert.notEqual(asked[1].key, key, 'answered: the next one is another booking')
})

test('a refusal says what the server said, beside which answer', async (context) => {
  kept.token = 'mine'
  const { write } = door([409, { error: { code: 'slot_taken', message: '这个时段刚刚被约走了', field: 'start' } }])
  await assert.rejects(settled(context, write('/v1/bookings', {})), { code: 'slot_taken', message: '这个时段刚刚被约走了', field: 'start', offline: false })
  assert.equal(asked.length, 1)
})

test('a server that is just restarting is asked again', async (context) => {
  kept.token = 'mine'
  const { get } = door([503, {}], [200, { items: [] }])
  assert.deepEqual(await settled(context, get('/v1/cases', { kind: 'booking', cursor: undefined })), { items: [] })
})
