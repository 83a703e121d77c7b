// A phone without a browser: the mini-program as it is uploaded, booted in jsdom, and a server that is a script of answers.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import { createRequire } from 'node:module'
import path from 'node:path'
import { JSDOM } from 'jsdom'
import { APP, runtime } from '../preview/build.mjs'
import { compile } from '../preview/compile/index.mjs'

export const API = 'http://api.test'
const SANDBOX = 'http://sandbox.test'
const PATIENCE_MS = 3000
const STAGE = 'pages/stage/index'

/** A page on which one component stands with what it is given, and notes what it tells. */
const STAGED = {
  'slot-picker': '<slot-picker days="{{given.days}}" chosen="{{given.chosen}}" bind:pick="told" bind:full="told" />',
  'field-form': '<field-form fields="{{given.fields}}" values="{{given.values}}" errors="{{given.errors}}" bind:change="told" />',
  clock: '<clock clock="{{given.clock}}" />',
  timeline: '<timeline items="{{given.items}}" />',
  stars: '<stars levels="{{given.levels}}" value="{{given.value}}" label="满意吗" named bind:change="told" />',
  choices: '<choices options="{{given.options}}" chosen="{{given.chosen}}" label="替谁约" bind:change="told" />',
  'page-frame': '<page-frame state="{{given.state}}" error="{{given.error}}" empty-title="{{given.title}}" empty-action="{{given.action}}" bind:retry="told" bind:act="told"><text>里面</text></page-frame>',
}

/** Compiled once for all tests: the mini-program, and the page for components. */
async function compiled() {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'handset-'))
  try {
    fs.cpSync(APP, root, { recursive: true })
    const page = path.join(root, STAGE)
    fs.mkdirSync(path.dirname(page))
    const using = Object.keys(STAGED).map((name) => [name, `/components/${name}/index`])
    fs.writeFileSync(`${page}.json`, JSON.stringify({ usingComponents: Object.fromEntries(using) }))
    fs.writeFileSync(`${page}.js`, "Page({ data: { what: '', given: {} }, heard: [], told(event) { this.heard.push({ type: event.type, ...event.detail }) } })")
    fs.writeFileSync(`${page}.wxml`, Object.entries(STAGED).map(([name, tag]) => `<block wx:if="{{what === '${name}'}}">${tag}</block>`).join('\n'))
    const app = JSON.parse(fs.readFileSync(path.join(root, 'app.json'), 'utf8'))
    app.pages.push(STAGE)
    fs.writeFileSync(path.join(root, 'app.json'), JSON.stringify(app))
    const { code, diagnostics } = await compile(root)
    assert.deepEqual(diagnostics, [])
    return code
  } finally {
    fs.rmSync(root, { recursive: true })
  }
}

const built = Promise.all([runtime('boot.js'), compiled()])

export class Handset {
  /**
   * start: a page with its query; answers: by 'GET /v1/me', each a body, or a function of (body, query) to [status, body], which may take its time;
   * kept: what the phone has stored by now; faster: by how much its timers are, for what waits for seconds.
   */
  static async take({ start = '', answers = {}, kept = { agreed: 1, token: 'mine' }, settings = {}, faster = 1 } = {}) {
    const [framework, program] = await built
    const dom = new JSDOM('<!doctype html><div id="phone"></div>', { runScripts: 'outside-only', pretendToBeVisual: true, url: 'http://preview.test/' })
    const one = new Handset(dom.window, answers)
    for (const [name, value] of Object.entries(kept)) one.window.localStorage.setItem(`wx.demo-resident-001.${name}`, JSON.stringify(value))
    one.window.sessionStorage.setItem('preview.settings', JSON.stringify({ subscriptions: 'accept', ...settings }))
    one.window.fetch = (url, asked) => one.answer(url, asked)
    one.window.WebSocket = lineOf(one)
    one.window.console.error = () => {}
    const { setTimeout: later } = one.window
    one.window.setTimeout = (work, milliseconds, ...rest) => later(work, milliseconds / faster, ...rest)
    one.window.eval(program)
    one.window.eval(`${framework}\nglobalThis.hoelunPreview = hoelunPreview`)
    const { BASE } = createRequire(import.meta.url)('../app/config.js')
    const options = { origins: [{ from: BASE.develop, to: API }], sandbox: SANDBOX, assets: '/assets', start }
    one.preview = one.window.hoelunPreview.boot(one.window.HOELUN_BUNDLE, one.window.document.querySelector('#phone'), options)
    return one
  }

  /** One component alone. */
  static async stage(what, given) {
    const one = await Handset.take({ start: STAGE })
    one.give(what, given)
    return one
  }

  constructor(window, answers) {
    this.window = window
    this.answers = answers
    this.asked = []
    this.lines = []
  }

  async answer(url, { method = 'GET', body } = {}) {
    const { origin, pathname, searchParams } = new URL(url, API)
    if (origin === SANDBOX) return reply(200, { code: 'a-code', templates: this.answers['GET /v1/subscriptions']?.items ?? [] })
    const told = body && typeof body === 'string' ? JSON.parse(body) : undefined
    const what = `${method} ${pathname}`
    const query = Object.fromEntries(searchParams)
    this.asked.push({ what, query, body: told })
    const found = this.answers[what]
    const [status, said] = typeof found === 'function' ? await found(told, query) : [found === undefined ? 404 : 200, found ?? { error: { code: 'not_found', message: `没有 ${what}` } }]
    return reply(status, said)
  }

  get page() {
    return this.window.document.querySelector('.phone-page:not([hidden])')
  }

  get instance() {
    return this.preview.getCurrentPages().at(-1)
  }

  get heard() {
    return this.instance.heard
  }

  give(what, given) {
    this.instance.heard.length = 0
    this.instance.setData({ what, given })
  }

  /** By selector, or by the class that a style sheet calls it, which carries a component's own sign in front. */
  all(selector) {
    if (!selector.startsWith('.')) return [...this.page.querySelectorAll(selector)]
    return [...this.page.querySelectorAll('*')].filter((one) => is(one, selector.slice(1)))
  }

  /** What the page says. */
  get text() {
    return this.page.textContent.replace(/\s+/g, ' ')
  }

  see(text) {
    return until(() => this.text.includes(text), () => `“${text}” in “${this.text}”`)
  }

  /** The innermost element with exactly these words. */
  find(text, within = this.page) {
    const found = [...within.querySelectorAll('*')].filter((one) => one.textContent.trim() === text)
    assert.ok(found.length, `no “${text}” in “${within.textContent}”`)
    return found.at(-1)
  }

  tap(text) {
    this.press(this.find(text))
  }

  /** A finger comes and goes. */
  press(element) {
    for (const type of ['mousedown', 'mouseup', 'click']) element.dispatchEvent(new this.window.MouseEvent(type, { bubbles: true, cancelable: true }))
  }

  named(label) {
    const found = this.all('[aria-label]').filter((one) => one.getAttribute('aria-label') === label)
    assert.equal(found.length, 1, `[aria-label=${label}]`)
    return found[0]
  }

  /** What is typed into. */
  box(label) {
    const found = this.all('input, textarea').filter((one) => one.closest(`[aria-label="${label}"]`))
    assert.equal(found.length, 1, `a box for ${label}`)
    return found[0]
  }

  type(label, text) {
    const box = this.box(label)
    box.value = text
    box.dispatchEvent(new this.window.Event('input', { bubbles: true }))
  }

  async choose(text) {
    const layer = this.window.document.querySelector('.phone-layer')
    await until(() => layer.textContent.includes(text), () => `“${text}” above the page`)
    this.find(text, layer).click()
  }

  stored(name) {
    const kept = this.window.localStorage.getItem(`wx.demo-resident-001.${name}`)
    return kept === null ? undefined : JSON.parse(kept)
  }

  did(what) {
    return this.asked.filter((one) => one.what === what)
  }

  /** Nothing that a real phone would not have liked; then it is put away. */
  away() {
    const { issues } = this.preview
    this.window.close()
    assert.deepEqual(JSON.parse(JSON.stringify(issues)), [])
  }
}

export const is = (element, name) => [...element.classList].some((one) => one === name || one.endsWith(`--${name}`))

/** The far end of every WebSocket that this phone opens; the last one is `phone.lines.at(-1)`. */
const lineOf = (phone) => class Line {
  constructor(url) {
    this.url = url
    phone.lines.push(this)
  }

  open() {
    this.onopen({})
  }

  tell(news) {
    this.onmessage({ data: JSON.stringify(news) })
  }

  lose() {
    this.onerror({})
    this.onclose({ code: 1006, reason: '' })
  }

  close(code = 1005) {
    this.closed = code
  }
}

function reply(status, body) {
  const text = JSON.stringify(body)
  return { ok: status < 400, status, headers: new Map([['content-type', 'application/json']]), text: async () => text, json: async () => JSON.parse(text) }
}

export async function until(true_, what) {
  const end = Date.now() + PATIENCE_MS
  while (!true_()) {
    assert.ok(Date.now() < end, `in vain: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
}
