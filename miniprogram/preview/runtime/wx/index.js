// wx.* mapped to the browser. What is not here is noted and throws when used: the tests want no such note.
import { dialogs } from './dialogs.js'
import { files } from './files.js'
import { network } from './network.js'
import { payments } from './payments.js'
import { people } from './people.js'
import { places } from './places.js'
import { sockets } from './sockets.js'
import { storage } from './storage.js'

/**
 * asynchronous(name, work): an API with success, fail and complete, or a promise when none of them is given.
 * work may throw an Error or a string: it becomes `<name>:fail <message>`.
 */
export function asynchronous(name, work) {
  return (options = {}) => {
    const { success, fail, complete } = options
    const done = Promise.resolve()
      .then(() => work(options))
      .then(
        (result) => {
          const told = { errMsg: `${name}:ok`, ...result }
          success?.(told)
          complete?.(told)
          return told
        },
        (error) => {
          const told = { errMsg: `${name}:fail ${error?.message ?? error}`, ...(error?.facts ?? {}) }
          fail?.(told)
          complete?.(told)
          if (success || fail || complete) return told
          throw told
        },
      )
    return success || fail || complete ? void done : done
  }
}

/** world: { screen, router, loader, settings, issue }: what the phone consists of. */
export function createWx(world) {
  const { screen, router, issue } = world
  const pages = ['navigateTo', 'redirectTo', 'reLaunch', 'switchTab', 'navigateBack']
  const whose = people(world, asynchronous)
  const wx = {
    ...Object.fromEntries(pages.map((kind) => [kind, asynchronous(kind, (given) => router().go(kind, given))])),
    ...storage(world, asynchronous),
    ...network(world, asynchronous),
    ...sockets(world, asynchronous),
    ...dialogs(world, asynchronous),
    ...files({ ...world, privacy: whose.preview.privacy }, asynchronous),
    ...places({ ...world, privacy: whose.preview.privacy }, asynchronous),
    ...whose,
    ...payments(world, asynchronous),
    ...bars(world, asynchronous),
    ...device(screen),
    canIUse: (schema) => !/^\w+$/.test(schema) || schema in wx,
    nextTick: (work) => Promise.resolve().then(work),
    createSelectorQuery: () => router().top.instance.createSelectorQuery(),
  }
  return new Proxy(wx, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || ['then', 'toJSON'].includes(name)) return target[name]
      issue('missing', `wx.${name}`)
      return undefined
    },
  })
}

function bars({ screen, router, bundle }, api) {
  const badge = (name, text) => api(name, (given) => {
    if (!bundle.app.tabBar?.list[given.index]) throw new Error('tabbar item not found')
    screen().setBadge(given.index, text(given))
  })
  return {
    setNavigationBarTitle: api('setNavigationBarTitle', ({ title }) => screen().setTitle(router().top, title)),
    setTabBarBadge: badge('setTabBarBadge', ({ text }) => text),
    removeTabBarBadge: badge('removeTabBarBadge', () => ''),
    stopPullDownRefresh: api('stopPullDownRefresh', () => screen().phone.classList.remove('pulling')),
    startPullDownRefresh: api('startPullDownRefresh', () => {
      screen().phone.classList.add('pulling')
      router().call(router().top, 'onPullDownRefresh')
    }),
    pageScrollTo: api('pageScrollTo', ({ scrollTop = 0, selector }) => {
      const dom = router().top.root.getComponent().$$
      if (selector) dom.querySelector(selector)?.scrollIntoView({ block: 'center' })
      else dom.scrollTop = scrollTop
    }),
  }
}

function device(screen) {
  const windowInfo = () => {
    const phone = screen().phone.getBoundingClientRect()
    const pages = screen().pages.getBoundingClientRect()
    return {
      pixelRatio: devicePixelRatio, screenWidth: phone.width, screenHeight: phone.height, windowWidth: pages.width,
      windowHeight: pages.height, statusBarHeight: 20, screenTop: 0,
      safeArea: { left: 0, top: 20, right: phone.width, bottom: phone.height, width: phone.width, height: phone.height - 20 },
    }
  }
  const base = { SDKVersion: '3.8.12', language: 'zh_CN', theme: 'light', version: '8.0.50', fontSizeSetting: 16 }
  return {
    getWindowInfo: windowInfo,
    getDeviceInfo: () => ({ brand: 'devtools', model: 'browser', system: 'iOS 17', platform: 'devtools' }),
    getAppBaseInfo: () => base,
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0000000000000000', envVersion: 'develop', version: '' } }),
    getMenuButtonBoundingClientRect: () => ({ width: 87, height: 32, top: 24, right: 368, bottom: 56, left: 281 }),
  }
}
