// wxss → css for the preview: rpx and viewport units, tag names, and each file kept to its own page or component.
import postcss from 'postcss'
import selectors from 'postcss-selector-parser'
import { posix } from 'node:path'
import { BUILT_IN } from '../runtime/tags.js'

const SCREEN_RPX = 750
const LOCAL_URL = /url\(\s*(?!["']?(?:data:|https?:|\/\/|#|%23))/

/** 750rpx are the width of the phone; the frame is a size container, so its width is 100cqw. */
export function units(value) {
  return value
    .replace(/(-?\d*\.?\d+)rpx\b/g, (_, number) => `${+((number * 100) / SCREEN_RPX).toFixed(4)}cqw`)
    .replace(/(-?\d*\.?\d+)v([hw])\b/g, '$1cq$2')
}

/**
 * The css of one wxss file and what it imports.
 * kind: 'app' is for everybody, 'page' only below its route, 'component' gets a class prefix (__SCOPE__) when loaded.
 * Throws an Error with `file` and `line` for what WeChat would refuse.
 */
export function css(read, file, kind, seen = new Set()) {
  if (seen.has(file)) return ''
  seen.add(file)
  const sheet = postcss.parse(read(file), { from: file })
  const imported = []
  sheet.walkAtRules('import', (rule) => {
    imported.push(target(file, rule.params))
    rule.remove()
  })
  sheet.walkDecls((declaration) => {
    if (LOCAL_URL.test(declaration.value)) throw refusal(file, declaration, `a local url() is refused by WeChat: ${declaration.value}`)
    declaration.value = units(declaration.value)
  })
  sheet.walkRules((rule) => {
    if (/keyframes$/.test(rule.parent?.name ?? '')) return
    rule.selector = selectors((all) => rename(all, kind)).processSync(rule.selector)
    if (kind === 'page') rule.selectors = rule.selectors.map(belowRoute)
  })
  return imported.map((one) => css(read, one, kind, seen)).join('\n') + sheet.toString()
}

function target(file, params) {
  const path = /["']([^"']+)["']/.exec(params)[1]
  return path.startsWith('/') ? path.slice(1) : posix.join(posix.dirname(file), path)
}

function rename(all, kind) {
  all.walkTags((tag) => {
    if (BUILT_IN.has(tag.value)) tag.value = `wx-${tag.value}`
  })
  if (kind !== 'component') return
  all.walkClasses((name) => {
    name.value = `__SCOPE__${name.value}`
  })
  all.walkPseudos((pseudo) => {
    if (pseudo.value === ':host') pseudo.replaceWith(selectors.tag({ value: '__HOST__' }))
  })
}

function belowRoute(selector) {
  const page = ':where([route="__ROUTE__"])'
  return /^wx-page\b/.test(selector) ? selector.replace(/^wx-page/, `wx-page${page}`) : `${page} ${selector}`
}

function refusal(file, node, message) {
  return Object.assign(new Error(message), { file, line: node.source.start.line })
}
