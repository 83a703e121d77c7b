// node tools/console.mjs [--only NAME,…] [--out FOLDER]: pictures of every page of the staff's console at the width of a phone and of
// a desk, from a demo of its own (or the one that HOELUN_E2E_CONSOLE and _SANDBOX name). Pages are found in the menu of whoever sees
// them, and from each list the first page behind it: a new entry of the menu has a picture without being named here.
import fs from 'node:fs'
import path from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PYTHON, startDemo } from './demo.mjs'

const HOME = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const WIDTHS = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } }
const MEMBERS = [
  'demo-admin', 'demo-dispatcher', 'demo-clerk', 'demo-provider', 'demo-worker', 'demo-operator', 'demo-reviewer', 'demo-accountant', 'demo-driver',
]
const TALLEST = 2600
const TARGET = 40
const LEAST_CONTRAST = 4.5
const PATIENCE_MS = 20_000
/**
 * What the menu and the lists do not lead to. name: of the picture; who: whose page; page: its address from the street's case
 * numbers; follow: what is clicked to come on; act: what is done there; media: on paper; widths: not both; low: no longer
 * than a screen.
 */
const MORE = [
  { name: 'inbox-unassigned', who: 'demo-provider', page: () => '/console?box=unassigned' },
  { name: 'inbox-narrowed', who: 'demo-dispatcher', page: () => '/console?box=team&kind=booking&state=booking.submitted' },
  { name: 'inbox-search-in-vain', who: 'demo-dispatcher', page: () => '/console?q=9999' },
  { name: 'case-submitted', who: 'demo-provider', page: (of) => `/console/cases/${of.submitted}` },
  { name: 'case-on-the-way', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.onTheWay}` },
  { name: 'case-quoted', who: 'demo-provider', page: (of) => `/console/cases/${of.quoted}` },
  { name: 'case-complaint', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.complaint}` },
  { name: 'case-bundle', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.bundle}` },
  { name: 'case-rated', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.completed}` },
  { name: 'case-for-the-worker', who: 'demo-worker', page: () => '/console', follow: '[data-row]' },
  { name: 'case-print', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.done}/print` },
  { name: 'case-on-paper', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.done}/print`, media: 'print', widths: ['desk'] },
  { name: 'menu', who: 'demo-admin', page: () => '/console', act: (page) => page.locator('.later summary').click(), widths: ['phone'], low: true },
  { name: 'keys', who: 'demo-dispatcher', page: () => '/console', act: (page) => page.locator('[data-keys-open]').click(), widths: ['desk'], low: true },
  { name: 'dispatch-of-a-case', who: 'demo-dispatcher', page: (of) => `/console/dispatch/${of.assigned}` },
  { name: 'day', who: 'demo-dispatcher', page: (of) => `/console/day?date=${of.day.day}` },
  { name: 'day-chosen', who: 'demo-dispatcher', page: (of) => `/console/day?date=${of.day.day}&case=${of.day.waiting[0]}` },
  { name: 'item-version', who: 'demo-reviewer', page: () => '/console/items/ELDER-ALLOWANCE/1' },
  { name: 'item-edit', who: 'demo-reviewer', page: () => '/console/items/DISABILITY', follow: 'form[action$="/draft"] button, main a[href$="/edit"]' },
  { name: 'case-ride', who: 'demo-dispatcher', page: (of) => `/console/cases/${of.ride}` },
  { name: 'rides-why', who: 'demo-dispatcher', page: (of) => `/console/rides/${of.ride}/choices` },
  { name: 'rides-trouble', who: 'demo-dispatcher', page: () => '/console/rides?queue=trouble' },
  {
    name: 'return-calls-mine', who: 'demo-operator', page: () => '/console/return-calls',
    act: async (page) => {
      await page.locator('form[action$="/take"] button').first().click()
      await page.locator('.tel').first().waitFor()
    },
  },
  {
    name: 'announcement-comments', who: 'demo-clerk', page: () => '/console/announcements/demo-ann-03',
    act: (page) => page.locator('.comment summary', { hasText: '不选登' }).first().click(),
  },
  { name: 'not-there', who: 'demo-dispatcher', page: () => '/console/nothing' },
  { name: 'logged-out', who: '', page: () => '/console/logout' },
]

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, out: { type: 'string', default: path.join(HOME, '..', 'docs', 'screenshots', 'console') } },
})
const only = values.only.split(',').filter(Boolean)
const demo = process.env.HOELUN_E2E_CONSOLE ? null : await startDemo()
const { CONSOLE, atWork, open } = await import('../tests/e2e/stage.mjs')
const { fill, ride } = await import('./street.mjs')
const { fillDay } = await import('./day.mjs')
const stage = await open()
const complaints = []
const taken = new Set()
try {
  fs.mkdirSync(values.out, { recursive: true })
  const street = await situations()
  const desks = new Map()
  for (const who of MEMBERS) desks.set(who, await stage.desk(who))
  const shots = [...(await found(desks)), ...MORE]
  for (const shot of shots) if (!only.length || only.includes(shot.name)) await portrait(shot, desks, street)
  if (!only.length) forgotten()
  shrink()
} finally {
  await stage.close()
  await demo?.stop()
}
if (complaints.length) {
  console.error(complaints.join('\n'))
  process.exitCode = 1
}

/** What goes on in the street; kept beside the pictures while one demo is used for several runs. */
async function situations() {
  const kept = process.env.HOELUN_SCREENSHOTS_STREET
  if (kept && fs.existsSync(kept)) return JSON.parse(fs.readFileSync(kept, 'utf8'))
  const page = await stage.browser.newPage({ viewport: { width: 640, height: 640 } })
  await page.setContent(fs.readFileSync(path.join(HOME, 'tools', 'window.svg'), 'utf8'))
  const street = await fill(await page.screenshot({ type: 'jpeg', quality: 85 }))
  await page.close()
  street.day = await fillDay()
  street.ride = (await ride()).case_no
  const dispatcher = await atWork('demo-dispatcher')
  const { items } = await dispatcher('GET', `/v1/cases/${street.assigned}/candidates`)
  if (items.some((one) => one.id === 'demo-worker' && one.free)) await dispatcher('POST', `/v1/cases/${street.assigned}/assign`, { worker_id: 'demo-worker' })
  await dispatcher('POST', `/v1/cases/${street.onTheWay}/notes`, { text: '居民耳背，到了请多敲几下门', street_only: false })
  if (kept) fs.writeFileSync(kept, JSON.stringify(street))
  return street
}

/** Each entry of the menu once, with the first member who sees it, and the first page that its list leads to. */
async function found(desks) {
  const shots = new Map()
  for (const [who, desk] of desks) {
    await desk.page.goto(`${CONSOLE}/console`)
    const entries = await desk.page.locator('.menu a').evaluateAll((links) => links.map((one) => one.getAttribute('href')))
    for (const address of entries) {
      if (shots.has(address)) continue
      shots.set(address, { name: nameOf(address), who, page: () => address })
      await desk.page.goto(CONSOLE + address)
      for (const inner of await desk.page.locator('main a[href^="/console/"]').evaluateAll((links) => links.map((one) => one.getAttribute('href')))) {
        const [bare] = inner.split(/[?#]/)
        const known = inner.includes('?') || bare.startsWith('/console/cases/') || /\/(csv|export|print|file|download)$/.test(bare) || entries.includes(bare)
        const form = shapeOf(bare)
        if (!known && !shots.has(form)) shots.set(form, { name: nameOf(form), who, page: () => inner })
      }
    }
  }
  return [...shots.values()]
}

/** /console/providers/provider-01 and /console/providers/provider-02 are the same page. */
function shapeOf(address) {
  return address.split('/').map((part, index) => (index > 2 && /[\dA-Z_-]/.test(part) ? 'one' : part)).join('/')
}

function nameOf(address) {
  return address.split(/[?#]/)[0].replace('/console', '').split('/').filter(Boolean).join('-') || 'inbox'
}

async function portrait(shot, desks, street) {
  taken.add(shot.name)
  for (const width of shot.widths ?? Object.keys(WIDTHS)) {
    const viewport = WIDTHS[width]
    const name = `${shot.name}-${width}.png`
    const page = shot.who ? desks.get(shot.who).page : await stage.browser.newPage({ viewport })
    try {
      page.setDefaultTimeout(PATIENCE_MS)
      await page.setViewportSize(viewport)
      await page.emulateMedia({ media: shot.media ?? 'screen' })
      await page.goto(CONSOLE + shot.page(street))
      if (shot.follow) {
        const before = page.url()
        await page.locator(shot.follow).first().click()
        await page.waitForURL((now) => String(now) !== before)
      }
      await page.locator('main').waitFor()
      await shot.act?.(page)
      await page.addStyleTag({ content: '* { animation: none !important; transition: none !important; caret-color: transparent !important }' }).catch(() => {})
      await page.evaluate(() => Promise.all([document.fonts.ready, ...[...document.images].map((one) => { one.loading = 'eager'; return one.decode().catch(() => {}) })]))
      for (const one of [...(await cutOff(page)), ...(await tooPale(page)), ...(width === 'phone' ? await tooSmall(page) : [])]) complaints.push(`${name}: ${one}`)
      const height = await page.evaluate(() => document.documentElement.scrollHeight)
      if (!shot.low) await page.setViewportSize({ ...viewport, height: Math.min(Math.max(height, viewport.height), TALLEST) })
      await page.screenshot({ path: path.join(values.out, name) })
      console.log(name)
    } catch (error) {
      complaints.push(`${name}: ${error.message.split('\n')[0]}`)
    }
    if (!shot.who) await page.close()
  }
}

/** What sticks out to the right of a page that does not scroll sideways. → what is cut */
function cutOff(page) {
  return page.evaluate(() => {
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth
    if (wide <= 0) return []
    const out = [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, .tabs'))
    return [`${wide} px wider than the screen: ${[...new Set(out.slice(0, 3).map((one) => `${one.tagName}.${one.className}`))].join(', ')}`]
  })
}

/** Whatever a finger is meant for, other than words within a line. → what is too small */
function tooSmall(page) {
  return page.evaluate((least) => {
    const touchable = [...document.querySelectorAll('main button, main .button, main summary, main select, main .tabs a, .menu a, main input:not([type=hidden]):not([type=radio]):not([type=checkbox])')]
    const small = touchable.filter((one) => one.checkVisibility()).map((one) => ({ one, box: one.getBoundingClientRect() })).filter(({ box }) => box.width > 1 && box.height < least - 0.5)
    return [...new Set(small.map(({ one, box }) => `${one.tagName}.${one.className} ${Math.round(box.width)}x${Math.round(box.height)} "${one.textContent.trim().slice(0, 12)}"`))]
  }, TARGET)
}

/** Text whose contrast with the ground under it is too low. → what is not read well */
function tooPale(page) {
  return page.evaluate((least) => {
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const light = ([red, green, blue]) => {
      const [r, g, b] = [red, green, blue].map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const over = ([r, g, b, alpha = 1], under) => [r, g, b].map((one, index) => one * alpha + under[index] * (1 - alpha))
    const ground = (one) => {
      if (!one) return [255, 255, 255]
      const colour = channels(getComputedStyle(one).backgroundColor)
      return (colour[3] ?? 1) === 1 && colour.length >= 3 ? colour.slice(0, 3) : over(colour.length >= 3 ? colour : [0, 0, 0, 0], ground(one.parentElement))
    }
    const pale = []
    for (const one of document.body.querySelectorAll('*')) {
      const text = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join('')
      if (!text || !one.checkVisibility() || one.closest('[disabled], .skip, dialog')) continue
      const under = ground(one)
      const [dark, bright] = [light(under), light(over(channels(getComputedStyle(one).color), under))].sort((a, b) => a - b)
      const contrast = (bright + 0.05) / (dark + 0.05)
      if (contrast < least) pale.push(`${contrast.toFixed(1)}:1 "${text.slice(0, 12)}"`)
    }
    return [...new Set(pale)]
  }, LEAST_CONTRAST)
}

/** Pictures of pages that are no longer there. */
function forgotten() {
  for (const file of fs.readdirSync(values.out)) if (!taken.has(file.replace(/-(phone|desk)\.png$/, ''))) fs.rmSync(path.join(values.out, file))
}

/** Small enough to lie beside the sources. */
function shrink() {
  const done = spawnSync(PYTHON, [path.join(HOME, 'tools', 'shrink.py'), values.out], { encoding: 'utf8' })
  if (done.status !== 0) complaints.push(done.stderr)
  const sizes = fs.readdirSync(values.out).map((one) => fs.statSync(path.join(values.out, one)).size)
  console.log(`${sizes.length} pictures, ${Math.round(sizes.reduce((sum, one) => sum + one, 0) / 1024)} KiB`)
}
