// Starts a compiled mini-program on glass-easel, WeChat's own component framework.
import * as glassEasel from 'glass-easel'
import { MiniProgramEnv } from 'glass-easel-miniprogram-adapter'
import { defineBuiltIn, isBuiltIn } from './built_in.js'
import { Loader } from './loader.js'
import { Router } from './router.js'
import { Screen } from './screen.js'
import { createSettings } from './settings.js'
import { createWx } from './wx/index.js'

// Attributes that WeChat knows and a browser needs no help with.
const HARMLESS = /^"(aria\w*|tabindex|catchtouchmove)" is not a valid property/
const LONG_PRESS_MS = 350

/**
 * bundle: what compile() made; mount: an element; options: as for createSettings, and `start`, a page with its query.
 * → { wx, settings, getApp, getCurrentPages, issues }: issues has whatever a phone would not have liked.
 */
export function boot(bundle, mount, options) {
  const issues = []
  const issue = (kind, what) => {
    issues.push({ kind, message: String(what?.stack ?? what) })
    console.error(`[${kind}]`, what)
  }
  listenForTrouble(issue)
  const settings = createSettings(options)
  const environment = new MiniProgramEnv()
  const space = environment.createCodeSpace('main', true)
  // Without this a property that is called dataset, id or class breaks the making of an element.
  space.getComponentSpace().updateComponentOptions({ writeFieldsToNode: false })
  const backend = environment.associateBackend(browser(mount, tagsOf(bundle), issue))
  inlineUnits()

  const screen = new Screen(bundle, mount, settings.asset, (kind, given) => router.go(kind, given))
  const wx = createWx({ bundle, settings, issue, screen: () => screen, router: () => router })
  defineBuiltIn(space.getComponentSpace(), wx, issue)
  const world = { wx, getApp: () => loader.app, getCurrentPages: () => router.stack.map((page) => page.instance) }
  const loader = new Loader(bundle, space, world, addCss)
  const router = new Router({ bundle, space, backend, screen, loader, issue })

  if (bundle.styles.app) addCss(bundle.styles.app)
  try {
    loader.all()
    const start = options.start || bundle.pages[0]
    const [path, query = ''] = start.split('?')
    const launched = { path, query: Object.fromEntries(new URLSearchParams(query)), scene: 1001 }
    loader.app.onLaunch?.(launched)
    loader.app.onShow?.(launched)
    router.go('reLaunch', { url: `/${start}` })
  } catch (error) {
    issue('error', error)
    throw error
  }
  /** Another program lies over this one, or the phone is put away; and it is taken out again. */
  const background = () => {
    router.hide(router.top)
    loader.app.onHide?.()
  }
  const foreground = () => {
    loader.app.onShow?.({ path: router.top.route, query: router.top.instance.options, scene: 1001 })
    router.show(router.top)
  }
  return { wx, settings, issues, router, background, foreground, ...world }
}

function listenForTrouble(issue) {
  glassEasel.addGlobalErrorListener((error) => {
    issue('error', error)
    return false
  })
  glassEasel.addGlobalWarningListener((message) => {
    if (!HARMLESS.test(message)) issue('warning', message)
    return false
  })
  addEventListener('error', (event) => issue('error', event.error ?? event.message))
  addEventListener('unhandledrejection', (event) => issue('error', event.reason))
}

/** What pages and components call each other. */
function tagsOf({ configs }) {
  return new Set(Object.values(configs).flatMap((config) => Object.keys(config.usingComponents)))
}

function addCss(text) {
  document.head.append(Object.assign(document.createElement('style'), { textContent: text }))
}

/** style="width: 100rpx" in a template is in the units of a phone too. */
function inlineUnits() {
  const original = glassEasel.Element.prototype.setNodeStyle
  glassEasel.Element.prototype.setNodeStyle = function (style, segment) {
    const told = typeof style === 'string' ? style.replace(/(-?\d*\.?\d+)rpx\b/g, (_, number) => `${+(number / 7.5).toFixed(4)}cqw`) : style
    return original.call(this, told, segment)
  }
}

/** The browser as a backend: our tags are wx-*, and only our own events reach bind* handlers. */
function browser(mount, tags, issue) {
  const context = new glassEasel.CurrentWindowBackendContext()
  context.document = {
    createElement(tag) {
      if (!isBuiltIn(tag) && !tags.has(tag)) issue('warning', `unknown tag <${tag}>`)
      return document.createElement(isBuiltIn(tag) ? `wx-${tag}` : tag)
    },
    createTextNode: (text) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
  }
  const listen = context.setListenerStats
  context.setListenerStats = function (element, type, ...rest) {
    if (/^(touch|transition|animation)/.test(type)) listen.call(this, element, type, ...rest)
  }
  context.onEvent((target, type, detail, options) => {
    const event = new glassEasel.Event(type, detail, options)
    glassEasel.Event.dispatchEvent(target, event)
    return event.getEventBubbleStatus()
  })
  let pressing
  const release = () => clearTimeout(pressing)
  mount.addEventListener('pointerdown', (event) => {
    const target = event.target
    release()
    pressing = setTimeout(() => {
      context._$trigger({ target, preventDefault() {} }, 'longpress', { x: event.clientX, y: event.clientY }, true, true)
    }, LONG_PRESS_MS)
  })
  for (const name of ['pointerup', 'pointermove', 'pointercancel']) mount.addEventListener(name, release)
  // A tap by the keyboard, for whoever uses no finger.
  mount.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && event.target.tagName === 'WX-BUTTON') event.target.click()
  })
  return context
}
