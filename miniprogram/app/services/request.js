// The only door to the server: signs in silently, signs in again when a session has ended, and sends a write again
// after a lost network with the same key, so that it is done once.
const { BASE } = require('../config')

const TOKEN = 'token'
const KEYS = 'unanswered'
const TIMEOUT_MS = 15000
const UPLOAD_TIMEOUT_MS = 60000
const PAUSES_MS = [500, 1500, 4000]
const AGAIN = [429, 502, 503, 504]
/** Whoever is told to come back later than this is told so, instead of being kept waiting. */
const LONGEST_PAUSE_MS = 10000
const MOST_KEPT = 50

/** What went wrong, in words for the person: `message` says what to do, `field` which answer, `offline` no network. */
class Refused extends Error {
  /** @param {{ code: string, message: string, status?: number, field?: string | null, offline?: boolean, header?: Record<string, string> }} facts */
  constructor({ code, message, status = 0, field = null, offline = false, header = {} }) {
    super(message)
    this.name = 'Refused'
    this.code = code
    this.status = status
    this.field = field
    this.offline = offline
    this.header = header
  }
}

/** @typedef {{ status: number, data: any, header: Record<string, string> }} Answer */

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
 * @returns {Promise<Answer>}
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

/** @param {{ status: number, data: any, header?: Record<string, string> }} answer */
function read(answer) {
  if (answer.status < 400) return answer.data
  const told = (answer.data && answer.data.error) || {}
  throw new Refused({
    code: told.code || 'unknown',
    message: told.message || '服务器现在忙不过来，请过一会儿再试',
    status: answer.status,
    field: told.field,
    header: answer.header,
  })
}

/**
 * With a session; a session that has ended is renewed once, and nobody notices.
 * @param {(header: { Authorization: string }) => Promise<Answer>} exchange
 */
async function signed(exchange) {
  const mine = await token()
  const first = await exchange({ Authorization: `Bearer ${mine}` })
  return first.status === 401 ? exchange({ Authorization: `Bearer ${await renewed(mine)}` }) : first
}

/** A token after this one, which has ended: of several calls that find out, one signs in. @param {string} ended */
function renewed(ended) {
  if (wx.getStorageSync(TOKEN) === ended) forget()
  return token()
}

/**
 * Sends again after a lost answer, a server that is just restarting, or one that says when to come back; the last trouble
 * is the caller's.
 * @param {() => Promise<Answer>} attempt
 */
async function persistent(attempt) {
  for (const milliseconds of PAUSES_MS) {
    let late = milliseconds
    try {
      const answer = await attempt()
      if (!AGAIN.includes(answer.status)) return answer
      late = Math.max(late, toldToWait(answer.header))
      if (late > LONGEST_PAUSE_MS) return answer
    } catch (error) {
      if (!(error instanceof Refused) || !(error.offline || AGAIN.includes(error.status))) throw error
      late = Math.max(late, toldToWait(error.header))
      if (late > LONGEST_PAUSE_MS) throw error
    }
    await pause(late)
  }
  return attempt()
}

/** What `Retry-After` asks for, in milliseconds; phones spell its name as they like. @param {Record<string, string>} header */
function toldToWait(header) {
  const name = Object.keys(header).find((one) => one.toLowerCase() === 'retry-after')
  return name ? Number(header[name]) * 1000 || 0 : 0
}

/**
 * @param {string} path
 * @param {Record<string, any>} [query]
 * @returns {Promise<any>}
 */
async function get(path, query) {
  return read(await persistent(() => signed((header) => send('GET', withQuery(path, query), undefined, header))))
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
  const key = { 'Idempotency-Key': keyFor(what) }
  const body = method === 'DELETE' ? undefined : data
  const answer = await persistent(() => signed((header) => send(method, path, body, { ...header, ...key })))
  if (answer.status < 500) dropKey(what)
  return read(answer)
}

/**
 * A question that anybody may ask: nobody is signed in for it.
 * @param {string} path
 * @param {any} data
 * @returns {Promise<any>}
 */
async function ask(path, data) {
  const key = newKey()
  return read(await persistent(() => send('POST', path, data, { 'Idempotency-Key': key })))
}

/**
 * What anybody may see who knows where it is: nobody is signed in for it.
 * @param {string} path
 * @returns {Promise<any>}
 */
async function look(path) {
  return read(await persistent(() => send('GET', path, undefined, {})))
}

/**
 * A line on which the server tells by itself what is new, in the name of whoever holds the phone.
 * @param {string} path
 * @returns {Promise<WechatMiniprogram.SocketTask>}
 */
async function connect(path) {
  const mine = await token()
  return wx.connectSocket({ url: base().replace(/^http/, 'ws') + path, header: { Authorization: `Bearer ${mine}` }, timeout: TIMEOUT_MS })
}

/**
 * A photo for a case. Rejects with Refused.
 * @param {string} path
 * @param {string} filePath
 * @returns {Promise<any>}
 */
async function upload(path, filePath) {
  const key = { 'Idempotency-Key': newKey() }
  return read(await persistent(() => signed((header) => sendFile(path, filePath, { ...header, ...key }))))
}

/**
 * @param {string} path
 * @param {string} filePath
 * @param {Record<string, string>} header
 * @returns {Promise<Answer>}
 */
function sendFile(path, filePath, header) {
  return new Promise((resolve, reject) => {
    wx.uploadFile({
      url: base() + path,
      filePath,
      name: 'file',
      header,
      timeout: UPLOAD_TIMEOUT_MS,
      success: (reply) => resolve({ status: reply.statusCode, data: parsed(reply.data), header: /** @type {any} */ (reply).header || {} }),
      fail: () => reject(offline()),
    })
  })
}

/**
 * A file of the server's, fetched onto the phone. → where it lies. Rejects with Refused.
 * @param {string} path
 * @returns {Promise<string>}
 */
async function download(path) {
  const answer = await persistent(() => signed((header) => fetchFile(address(path), header)))
  if (answer.status >= 400) throw new Refused({ code: 'no_file', message: '文件现在打不开，请返回重新进来再试', status: answer.status, header: answer.header })
  return answer.data
}

/**
 * @param {string} url
 * @param {Record<string, string>} header
 * @returns {Promise<Answer>}
 */
function fetchFile(url, header) {
  return new Promise((resolve, reject) => {
    wx.downloadFile({
      url,
      header,
      timeout: UPLOAD_TIMEOUT_MS,
      success: (reply) => resolve({ status: reply.statusCode, data: reply.tempFilePath, header: /** @type {any} */ (reply).header || {} }),
      fail: () => reject(offline()),
    })
  })
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

module.exports = { Refused, address, ask, connect, download, forget, get, look, upload, write }
