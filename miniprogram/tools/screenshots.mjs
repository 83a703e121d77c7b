// node tools/screenshots.mjs [--only NAME,…] [--height N] [--out FOLDER] [--no-states]: pictures of every page in normal and
// large text, and of its four states, from a demo of its own (or the one that HOELUN_E2E_PREVIEW, _CONSOLE and _SANDBOX name).
import fs from 'node:fs'
import path from 'node:path'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PYTHON, startDemo } from './demo.mjs'

const HOME = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const STATES = ['loading', 'empty', 'error', 'full']
const STATE_TEXTS = { loading: '正在取', empty: '还没有内容', error: '出了问题', full: '有内容' }
const AT_ONCE = 3
const MOST_BYTES = 150 * 1024
const MOST_BYTES_ALL = 6 * 1024 * 1024
/** The time that the phone's own bar shows, too. */
const TIME = '09:41'
const SETTLE_MS = 250

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    height: { type: 'string', default: '844' },
    out: { type: 'string', default: path.join(HOME, '..', 'docs', 'screenshots') },
    'no-states': { type: 'boolean', default: false },
  },
})
const only = values.only.split(',').filter(Boolean)
const height = Number(values.height)
const demo = process.env.HOELUN_E2E_PREVIEW ? null : await startDemo()
const { elsewhere, open } = await import('../tests/e2e/stage.mjs')
const { PEOPLE, fill } = await import('./street.mjs')
const { SHOTS } = await import('./shots.mjs')
const { cutOff, tooPale, tooSmall } = await import('./readable.mjs')
const stage = await open()
const complaints = []
try {
  const wanted = SHOTS.filter((one) => !only.length || only.includes(one.name))
  const street = await situations()
  fs.mkdirSync(path.join(values.out, 'states'), { recursive: true })
  for (const large of [false, true]) {
    await prefer(large)
    await each(wanted, (shot) => portrait(shot, street, large))
  }
  await prefer(false)
  if (!values['no-states']) await each(wanted.filter((one) => one.empty || one.whole), (shot) => sheet(shot, street))
  missing()
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
  const street = await fill(await photo())
  console.log(`${Object.keys(street).length} cases for ${Object.keys(PEOPLE).length} residents`)
  if (kept) fs.writeFileSync(kept, JSON.stringify(street))
  return street
}

/** What a resident would photograph: a window on a balcony, drawn. */
async function photo() {
  const page = await stage.browser.newPage({ viewport: { width: 640, height: 640 } })
  await page.setContent(fs.readFileSync(path.join(HOME, 'tools', 'window.svg'), 'utf8'))
  await page.addStyleTag({ content: 'body { margin: 0 } svg { display: block }' })
  const picture = await page.screenshot({ type: 'jpeg', quality: 85 })
  await page.close()
  return picture
}

/** Some at a time, as a machine has few cores. */
async function each(items, work) {
  const queue = [...items]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (queue.length) await work(queue.shift())
  }))
}

/** The page as somebody finds it. → Phone; the caller closes it. */
async function arrive(shot, street, more = {}) {
  const page = await (more.page ?? shot.page)(street)
  const phone = await stage.phone(more.who ?? shot.who, { start: page, height, at: shot.now ? '' : TIME, agreed: shot.agreed ?? true, ...more })
  if (more.see !== null) await phone.see(more.see ?? shot.see)
  return phone
}

/** Large text as everybody's own choice, which the program takes over from the server. */
async function prefer(large) {
  for (const resident of new Set(Object.values(PEOPLE))) {
    const call = await elsewhere(resident)
    const { preferences } = await call('GET', '/v1/me')
    await call('POST', '/v1/me', { preferences: { ...preferences, large_text: large } })
  }
}

/** NAME.png or NAME-large.png */
async function portrait(shot, street, large) {
  const name = `${shot.name}${large ? '-large' : ''}.png`
  try {
    const phone = await arrive(shot, street, { large })
    await shot.act?.(phone)
    if (!shot.below) await phone.view.locator('wx-page').evaluate((page) => page.scrollTo(0, 0))
    await settled(phone)
    await phone.screenshot(path.join(values.out, name))
    for (const issue of await phone.page.evaluate(() => preview.issues)) complaints.push(`${name}: ${issue.message}`)
    for (const one of [...(await tooSmall(phone, large)), ...(await tooPale(phone)), ...(await cutOff(phone))]) complaints.push(`${name}: ${one}`)
    await phone.close()
    console.log(name)
  } catch (error) {
    complaints.push(`${name}: ${error.message.split('\n')[0]}`)
  }
}

/** states/NAME.png: loading, empty, error and full side by side, each reached by the preview's own switches. */
async function sheet(shot, street) {
  const pictures = []
  try {
    for (const state of shot.whole ? ['full'] : STATES) pictures.push({ state, png: await inState(shot, street, state) })
  } catch (error) {
    complaints.push(`states/${shot.name}.png: ${error.message.split('\n')[0]}`)
    return
  }
  const page = await stage.browser.newPage({ viewport: { width: pictures.length * 300 + 20, height: 680 } })
  const figure = ({ state, png }) => `<figure><img src="data:image/png;base64,${png.toString('base64')}"><figcaption>${STATE_TEXTS[state]}</figcaption></figure>`
  await page.setContent(`<style>body{margin:0;display:flex;background:#dfe5e3;font:15px "Noto Sans CJK SC",sans-serif;color:#17211f;padding:10px}figure{margin:0 10px;width:280px;text-align:center}img{width:280px;border-radius:14px;display:block;margin-bottom:10px}</style>${pictures.map(figure).join('')}`)
  await page.screenshot({ path: path.join(values.out, 'states', `${shot.name}.png`) })
  await page.close()
  console.log(`states/${shot.name}.png`)
}

async function inState(shot, street, state) {
  const { act, ...empty } = shot.empty ?? {}
  const phone = await {
    loading: () => arrive(shot, street, { settings: { network: 'hanging' }, see: null, height: 844 }),
    error: () => arrive(shot, street, { settings: { network: 'cut' }, see: '再试一次', height: 844 }),
    empty: () => arrive(shot, street, { see: null, ...empty, height: 844 }),
    full: () => arrive(shot, street, { height: 844 }),
  }[state]()
  if (state === 'loading') await phone.view.getByLabel('正在加载').first().waitFor()
  if (state === 'empty') await phone.view.getByLabel('正在加载').first().waitFor({ state: 'detached' })
  if (state === 'empty') await act?.(phone)
  if (state === 'full') await shot.act?.(phone)
  await settled(phone)
  const png = await phone.page.screenshot()
  await phone.close()
  return png
}

/** Fonts and pictures are there, and nothing moves. */
async function settled(phone) {
  await phone.page.addStyleTag({ content: '* { animation: none !important; transition: none !important; caret-color: transparent !important }' })
  await phone.page.evaluate(() => Promise.all([document.fonts.ready, ...[...document.images].map((one) => one.decode().catch(() => {}))]))
  await phone.page.waitForTimeout(SETTLE_MS)
}

/** A page of the program without a picture is one that nobody has looked at. */
function missing() {
  if (only.length) return
  const app = JSON.parse(fs.readFileSync(path.join(HOME, 'app', 'app.json'), 'utf8'))
  const pages = [...app.pages, ...app.subPackages.flatMap(({ root, pages: some }) => some.map((one) => `${root}/${one}`))]
  const shown = SHOTS.map((one) => String(one.page))
  for (const page of pages) {
    const name = page.split('/').at(-2)
    const shots = SHOTS.filter((_, at) => shown[at].includes(page) || (name === 'case' && shown[at].includes('of(')))
    if (!shots.length) complaints.push(`${page} has no picture: add it to tools/shots.mjs`)
    else if (!shots.some((one) => one.empty || one.whole)) complaints.push(`${page} has no picture of its states: add \`empty\` in tools/shots.mjs`)
  }
}

/** Small enough to lie beside the sources. */
function shrink() {
  const done = spawnSync(PYTHON, [path.join(HOME, 'tools', 'shrink.py'), values.out], { encoding: 'utf8' })
  if (done.status !== 0) complaints.push(done.stderr)
  const files = fs.readdirSync(values.out, { recursive: true }).filter((one) => one.endsWith('.png') && !one.startsWith('console'))
  const sizes = files.map((one) => fs.statSync(path.join(values.out, one)).size)
  const sum = sizes.reduce((total, one) => total + one, 0)
  files.forEach((one, index) => sizes[index] > MOST_BYTES && complaints.push(`${one} has ${sizes[index]} bytes of ${MOST_BYTES}`))
  if (sum > MOST_BYTES_ALL) complaints.push(`all pictures have ${sum} bytes of ${MOST_BYTES_ALL}`)
  console.log(`${files.length} pictures, ${Math.round(sum / 1024)} KiB, the largest ${Math.round(Math.max(...sizes) / 1024)} KiB`)
}
