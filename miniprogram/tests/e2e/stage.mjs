// What the end-to-end tests share: a phone, a desk, and the demo's addresses from the environment.
import assert from 'node:assert/strict'
import { launch } from '../../tools/chromium.mjs'

/** The demo that runs: HOELUN_E2E_PREVIEW, _CONSOLE and _SANDBOX. */
export const PREVIEW = process.env.HOELUN_E2E_PREVIEW ?? 'http://127.0.0.1:8002'
export const CONSOLE = process.env.HOELUN_E2E_CONSOLE ?? 'http://127.0.0.1:8000'
export const SANDBOX = process.env.HOELUN_E2E_SANDBOX ?? 'http://127.0.0.1:8001'

const PHONE = { width: 390, height: 844 }
const DESK = { width: 1280, height: 900 }
export const PATIENCE_MS = 60_000

export async function open() {
  const browser = await launch()
  return {
    browser,
    phone: (resident, more) => Phone.take(browser, resident, more),
    desk: (userid, more) => Desk.sign(browser, userid, more),
    close: () => browser.close(),
  }
}

/** A resident's phone: the preview at phone size. */
export class Phone {
  constructor(page, resident) {
    this.page = page
    this.resident = resident
  }

  /**
   * more: { start: a page with its query, agreed: false for somebody who has never been here, large: true for large
   * text, height: of a longer phone than there is, at: what time it says, as 09:41, settings }
   */
  static async take(browser, resident, { start = '', agreed = true, large = false, height = PHONE.height, at = '', settings = {} } = {}) {
    const context = await browser.newContext({ viewport: { ...PHONE, height }, deviceScaleFactor: 2, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
    const page = await context.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.addInitScript(
      ([whose, given, consent, enlarged]) => {
        if (!sessionStorage.getItem('preview.settings')) sessionStorage.setItem('preview.settings', JSON.stringify({ resident: whose, subscriptions: 'accept', ...given }))
        if (consent && !localStorage.getItem(`wx.${whose}.agreed`)) localStorage.setItem(`wx.${whose}.agreed`, '1')
        if (enlarged) localStorage.setItem(`wx.${whose}.large`, 'true')
      },
      [resident, settings, agreed, large],
    )
    if (at) await page.addInitScript(setClock, at)
    await page.goto(`${PREVIEW}/#/${start}`)
    return new Phone(page, resident)
  }

  /** The page on top. */
  get view() {
    return this.page.locator('.phone-page:not([hidden])')
  }

  see(text) {
    return this.view.getByText(text, { exact: false }).first().waitFor()
  }

  tap(text) {
    return this.view.getByText(text, { exact: true }).first().click()
  }

  tab(text) {
    return this.page.locator('.phone-tabs').getByText(text).click()
  }

  back() {
    return this.page.locator('.phone-back').click()
  }

  /** Answers a question above the page. */
  answer(text) {
    return this.page.locator('.phone-layer').getByText(text, { exact: true }).click()
  }

  set(settings) {
    return this.page.evaluate((given) => Object.entries(given).forEach(([name, value]) => preview.settings.set(name, value)), settings)
  }

  /** What a real phone would not have liked must be nothing. */
  async wellBehaved() {
    assert.deepEqual(await this.page.evaluate(() => preview.issues), [])
  }

  screenshot(path) {
    return this.page.screenshot({ path })
  }

  close() {
    return this.page.context().close()
  }
}

/** Today at this time in Shanghai, and running. */
function setClock(at) {
  const real = Date.now
  const today = new Date(real() + 8 * 3600_000).toISOString().slice(0, 10)
  const shift = Date.parse(`${today}T${at}:00+08:00`) - real()
  Date.now = () => real() + shift
}

/** A member of the staff at the console. */
export class Desk {
  constructor(page) {
    this.page = page
  }

  /** more: how the screen differs from a desk's, as a context of the browser has it. */
  static async sign(browser, userid, more = {}) {
    const page = await (await browser.newContext({ viewport: DESK, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...more })).newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.goto(`${CONSOLE}/console`)
    const folded = page.locator(`details:not([open]):has(button[value="${userid}"])`)
    if (await folded.count()) await folded.locator('summary').first().click()
    await page.locator(`button[value="${userid}"]`).first().click()
    await page.waitForURL(`${CONSOLE}/console**`)
    return new Desk(page)
  }

  open(caseNo) {
    return this.page.goto(`${CONSOLE}/console/cases/${caseNo}`)
  }

  /** Fill in a form of the case page and send it; `fill` gets the form's locator. */
  async act(action, fill = async () => {}) {
    const form = this.page.locator(`form[action$="/${action}"]`)
    const folded = this.page.locator(`details:has(form[action$="/${action}"])`)
    if (await folded.count()) await folded.locator('summary').first().click()
    await fill(form)
    await form.locator('button.button').click()
    await this.page.locator('.flash:visible').first().waitFor()
  }

  close() {
    return this.page.context().close()
  }
}

export async function control(path, body) {
  const reply = await fetch(`${SANDBOX}/_control/${path}`, {
    method: body ? 'POST' : 'GET', headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body),
  })
  assert.ok(reply.ok, `${path}: ${reply.status}`)
  return reply.json()
}

/** The same resident from another device, straight at the API. → call(method, path, body); call.token is their session. */
export async function elsewhere(resident) {
  const { code } = await control('codes', { openid: resident })
  return session('/v1/sessions', code)
}

/** A member of the staff at the API. → call as of `elsewhere` */
export async function atWork(userid) {
  const { code } = await control('wecom-codes', { userid })
  return session('/v1/staff-sessions', code)
}

async function session(path, code) {
  const { token } = await exchange('POST', path, { code })
  return Object.assign((method, wanted, body) => exchange(method, wanted, body, token), { token })
}

/** body: what becomes JSON, or a FormData. */
async function exchange(method, path, body, token) {
  const form = body instanceof FormData
  const reply = await fetch(`${CONSOLE}${path}`, {
    method,
    headers: { ...(!form && { 'content-type': 'application/json' }), 'Idempotency-Key': crypto.randomUUID(), ...(token && { Authorization: `Bearer ${token}` }) },
    body: form ? body : body && JSON.stringify(body),
  })
  const told = await reply.text()
  assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${told}`)
  return told ? JSON.parse(told) : null
}

/** Until `true_` is true, without a sleep for luck: asked again until patience ends. */
export async function until(true_, what) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await true_()
    if (found) return found
    assert.ok(Date.now() < end, `in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
