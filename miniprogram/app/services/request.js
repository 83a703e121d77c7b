// The only door to the server: signs in silently, signs in again when a session has ended, and sends a write again
// after a lost network with the same key, so that it is done once.
const { BASE } = require('../config')

const TOKEN = 'token'
const KEYS = 'unanswered'
const TIMEOUT_MS = 15000
const PAUSES_MS = [500, 1500, 4000]
const AGAIN = [502, 503, 504]
const MOST_KEPT = 50

/** What went wrong, in words for the person: `message` says what to do, `field` which answer, `offline` no network. */
class Refused extends Error {
  /** @param {{ code: string, message: string, status?: number, field?: string | null, offline?: boolean }} facts */
  constructor({ code, message, status = 0, field = null, offline = false }) {
    super(message)
    this.name = 'Refused'
    this.code = code
    this.status = status
    this.field = field
    this.offline = offline
  }
}

const base = () => BASE[wx.getAccountInfoSync().miniProgram.envVersion]
const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** @type {Promise<string> | null} */
let signingIn = null

/** A token; many callers wait for the same sign-in. */
function signIn() {
  signingIn = signingIn || freshToken().finally(() => {
    signingIn = null
  })
  return signingIn
}

async function freshToken() {
  const { code } = await wx.login().catch(() => {
    throw offline()
  })
  const answer = await send('POST', '/v1/sessions', { code }, { 'Idempotency-Key': newKey() })
  const session = read(answer)
  wx.setStorageSync(TOKEN, session.token)
  return session.token
}

function forget() {
  wx.removeStorageSync(TOKEN)
}

const token = () => wx.getStorageSync(TOKEN) || signIn()

/**
 * One exchange. Rejects with Refused when no answer came.
 * @param {'GET'|'POST'|'PUT'|'DELETE'} method
 * @param {string} path
 * @param {any} data
 * @param {Record<string, string>} header
 * @returns {Promise<{ status: number, data: any, header: Record<string, string> }>}
 */
function send(method, path, data, header) {
  return new Promise((resolve, reject) => {
    wx.request({
      url: base() + path,
      method,
      data,
      header,
      timeout: TIMEOUT_MS,
      success: (answer) => resolve({ status: answer.statusCode, data: answer.data, header: answer.header || {} }),
      fail: () => reject(offline()),
    })
  })
}

function offline() {
  return new Refused({ code: 'offline', message: '网络不通，请检查网络后再试', offline: true })
}

/** @param {{ status: number, data: any }} answer */
function read(answer) {
  if (answer.status < 400) return answer.data
  const told = (answer.data && answer.data.error) || {}
  throw new Refused({
    code: told.code || 'unknown',
    message: told.message || '服务器现在忙不过来，请过一会儿再试',
    status: answer.status,
    field: told.field,
  })
}

/**
 * With a session; a session that has ended is renewed once, and nobody notices.
 * @param {'GET'|'POST'|'PUT'|'DELETE'} method
 * @param {string} path
 * @param {any} [data]
 * @param {Record<string, string>} [header]
 */
async function signed(method, path, data, header = {}) {
  const first = await send(method, path, data, { ...header, Authorization: `Bearer ${await token()}` })
  if (first.status !== 401) return first
  forget()
  return send(method, path, data, { ...header, Authorization: `Bearer ${await signIn()}` })
}

/** Sends again after a lost answer or a server that is just restarting; the last trouble is the caller's. */
async function persistent(/** @type {() => Promise<{ status: number, data: any, header: Record<string, string> }>} */ attempt) {
  for (const milliseconds of PAUSES_MS) {
    try {
      const answer = await attempt()
      if (!AGAIN.includes(answer.status)) return answer
    } catch (error) {
      if (!(error instanceof Refused) || !error.offline) throw error
    }
    await pause(milliseconds)
  }
  return attempt()
}

/**
 * @param {string} path
 * @param {Record<string, any>} [query]
 * @returns {Promise<any>}
 */
async function get(path, query) {
  return read(await persistent(() => signed('GET', withQuery(path, query))))
}

/**
 * A write. Its key is kept until an answer has come: the same write sent later, even after the program was closed,
 * carries the same key, and the server does it once.
 * @param {string} path
 * @param {any} [data]
 * @param {'POST'|'PUT'|'DELETE'} [method]
 * @returns {Promise<any>}
 */
async function write(path, data = {}, method = 'POST') {
  const what = `${method} ${path} ${JSON.stringify(data)}`
  const header = { 'Idempotency-Key': keyFor(what) }
  const answer = await persistent(() => signed(method, path, method === 'DELETE' ? undefined : data, header))
  if (answer.status < 500) dropKey(what)
  return read(answer)
}

/**
 * A photo for a case. Rejects with Refused.
 * @param {string} path
 * @param {string} filePath
 * @returns {Promise<any>}
 */
async function upload(path, filePath) {
  const authorization = `Bearer ${await token()}`
  const answer = await new Promise((resolve, reject) => {
    wx.uploadFile({
      url: base() + path,
      filePath,
      name: 'file',
      header: { Authorization: authorization, 'Idempotency-Key': newKey() },
      success: (reply) => resolve({ status: reply.statusCode, data: parsed(reply.data) }),
      fail: () => reject(offline()),
    })
  })
  return read(answer)
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text)
  } catch (error) {
    return null
  }
}

/** @param {string} path @param {Record<string, any>} [query] */
function withQuery(path, query = {}) {
  const parts = Object.keys(query)
    .filter((name) => query[name] !== undefined && query[name] !== null && query[name] !== '')
    .map((name) => `${name}=${encodeURIComponent(query[name])}`)
  return parts.length ? `${path}?${parts.join('&')}` : path
}

/** @returns {Record<string, string>} */
const unanswered = () => wx.getStorageSync(KEYS) || {}

/** @param {string} what */
function keyFor(what) {
  const kept = unanswered()
  if (kept[what]) return kept[what]
  const key = newKey()
  const recent = Object.entries(kept).slice(1 - MOST_KEPT)
  wx.setStorageSync(KEYS, { ...Object.fromEntries(recent), [what]: key })
  return key
}

/** @param {string} what */
function dropKey(what) {
  const kept = unanswered()
  delete kept[what]
  wx.setStorageSync(KEYS, kept)
}

function newKey() {
  const digits = () => Math.random().toString(36).slice(2, 12)
  return `${Date.now().toString(36)}-${digits()}${digits()}`
}

/** An address of a picture that the server named, made whole. @param {string} path */
const address = (path) => (path.startsWith('/') ? base() + path : path)

module.exports = { Refused, address, forget, get, signIn, upload, write }
