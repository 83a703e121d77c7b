// npm run icons: writes the icons that pages use (components/icon/icons.js) and the tab bar's pictures from Lucide (ISC).
// The names are Lucide's, which the catalogue's categories use too.
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { launch } from './chromium.mjs'

const ICONS = [
  'a-large-small', 'accessibility', 'arrow-up-down', 'baby', 'banknote', 'bell', 'blocks', 'building-2', 'calendar', 'camera', 'car', 'check', 'chevron-down',
  'chevron-left', 'chevron-right', 'clock', 'cooking-pot', 'cross', 'download', 'dumbbell', 'file-check', 'flag',
  'frown', 'gift', 'graduation-cap', 'heart', 'heart-handshake', 'history', 'hourglass', 'house', 'image', 'info', 'key-round',
  'layers', 'leaf', 'list', 'lock', 'log-out', 'mail', 'map', 'map-pin', 'megaphone', 'meh', 'message-circle', 'minus', 'package',
  'package-open', 'paint-roller', 'pencil', 'phone', 'plane', 'plus', 'refresh-cw', 'repeat', 'search', 'share-2', 'shield',
  'shield-check', 'shopping-bag', 'shopping-basket', 'shopping-cart', 'smile', 'sparkles', 'spray-can', 'star',
  'stethoscope', 'store', 'train-front', 'trash-2', 'triangle-alert', 'truck', 'tv', 'user', 'user-check', 'users',
  'volume-2', 'wallet', 'wifi-off', 'wrench', 'x', 'zap',
]
const TABS = { home: 'house', list: 'list', bell: 'bell', user: 'user' }
/** What rides set upon the map: the picture, what is drawn in it, and its colour. */
const PINS = { car: ['car', '#0f766e'], from: ['user', '#175cd3'], to: ['flag', '#b45309'] }
const PIN_PIXELS = 96
const TAB_PIXELS = 81
const OFF = '#4b5a57'
const ON = '#0f766e'

const here = path.dirname(fileURLToPath(import.meta.url))
const app = path.join(here, '..', 'app')
const lucide = path.dirname(createRequire(import.meta.url).resolve('lucide-static/package.json'))

/** What lies inside <svg> of a Lucide icon, on one line. */
function shapes(name) {
  const svg = fs.readFileSync(path.join(lucide, 'icons', `${name}.svg`), 'utf8')
  return svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace('</svg>', '').replace(/\s*\n\s*/g, '').replaceAll('"', "'").trim()
}

const picture = (name, colour) => `<svg xmlns="http://www.w3.org/2000/svg" width="${TAB_PIXELS}" height="${TAB_PIXELS}" viewBox="-1.5 -1.5 27 27" fill="none" stroke="${colour}" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${shapes(name)}</svg>`

async function tabPictures() {
  const browser = await launch()
  const page = await browser.newPage({ viewport: { width: TAB_PIXELS, height: TAB_PIXELS } })
  for (const [name, icon] of Object.entries(TABS)) {
    for (const [ending, colour] of [['', OFF], ['-on', ON]]) {
      await page.setContent(`<style>body{margin:0}svg{display:block}</style>${picture(icon, colour)}`)
      await page.screenshot({ path: path.join(app, 'images', `${name}${ending}.png`), omitBackground: true })
    }
  }
  await browser.close()
}

/** A round pin with its foot in the middle of the lower edge; a car has none, as it lies upon its spot. */
function pin(icon, colour) {
  const foot = icon === 'car' ? '' : "<path d='M18 40 L24 47.5 L30 40 Z' fill='currentColor' />"
  const middle = icon === 'car' ? 24 : 21
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${PIN_PIXELS}" height="${PIN_PIXELS}" viewBox="0 0 48 48" color="${colour}">${foot}<circle cx="24" cy="${middle}" r="19.5" fill="${colour}" stroke="#fff" stroke-width="3" /><g transform="translate(12 ${middle - 12})" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${shapes(icon)}</g></svg>`
}

async function pins() {
  const browser = await launch()
  const page = await browser.newPage({ viewport: { width: PIN_PIXELS, height: PIN_PIXELS } })
  const folder = path.join(app, 'packages', 'rides', 'images')
  fs.mkdirSync(folder, { recursive: true })
  for (const [name, [icon, colour]] of Object.entries(PINS)) {
    await page.setContent(`<style>body{margin:0}svg{display:block}</style>${pin(icon, colour)}`)
    await page.screenshot({ path: path.join(folder, `${name}.png`), omitBackground: true })
  }
  await browser.close()
}

const rows = ICONS.map((name) => `  '${name}': "${shapes(name)}",`)
fs.writeFileSync(
  path.join(app, 'components', 'icon', 'icons.js'),
  `// From Lucide (https://lucide.dev, ISC License), written by tools/icons.mjs.\n/** @type {Record<string, string>} */\nconst ICONS = {\n${rows.join('\n')}\n}\n\nmodule.exports = { ICONS }\n`,
)
await tabPictures()
await pins()
console.log(`${rows.length} icons, ${Object.keys(TABS).length * 2 + Object.keys(PINS).length} pictures`)
