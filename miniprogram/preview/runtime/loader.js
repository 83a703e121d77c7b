// App, Page, Component and require for the modules of the bundle.

const HOOKS = new Set([
  'onLoad', 'onShow', 'onReady', 'onHide', 'onUnload', 'onPullDownRefresh', 'onReachBottom', 'onPageScroll', 'onTabItemTap',
  'onShareAppMessage',
])

export class Loader {
  /** world: { wx, getApp, getCurrentPages }, given to every module; addCss puts a style sheet into the document. */
  constructor(bundle, space, world, addCss) {
    this.bundle = bundle
    this.space = space
    this.world = world
    this.addCss = addCss
    this.loaded = new Map()
    this.hooks = new Map()
    this.scopes = 0
    this.app = {}
  }

  /** Load app.js, then each page's components before the page itself. */
  all() {
    if (this.bundle.modules.app) this.module('app')
    const seen = new Set()
    const visit = (id) => {
      if (seen.has(id)) return
      seen.add(id)
      Object.values(this.bundle.configs[id].usingComponents).forEach((target) => visit(target.slice(1)))
      this.module(id)
      if (!this.hooks.has(id)) throw new Error(`${id}.js registers neither a page nor a component`)
    }
    this.bundle.pages.forEach(visit)
  }

  hook(route, name) {
    return HOOKS.has(name) ? this.hooks.get(route)?.[name] : undefined
  }

  module(id) {
    const known = this.loaded.get(id)
    if (known) return known.exports
    const module = { exports: {} }
    this.loaded.set(id, module)
    const { wx, getApp, getCurrentPages } = this.world
    this.space.componentEnv(id, (environment) => {
      const require = (path) => this.module(this.find(id, path))
      const App = (definition) => {
        this.app = definition
      }
      const Behavior = (definition) => environment.Behavior(withoutNamedBehaviors(definition))
      const register = (kind) => (definition) => this.register(id, kind, definition)
      this.bundle.modules[id](
        require, module, module.exports, App, register('Page'), register('Component'), Behavior, getApp, getCurrentPages, wx, {},
      )
    })
    return module.exports
  }

  find(from, path) {
    const parts = path.startsWith('/') ? [] : from.split('/').slice(0, -1)
    for (const part of path.split('/')) {
      if (part === '..') parts.pop()
      else if (part && part !== '.') parts.push(part)
    }
    const id = parts.join('/').replace(/\.js$/, '')
    const found = [id, `${id}/index`].find((one) => this.bundle.modules[one])
    if (!found) throw new Error(`${from} requires ${path}, which is not there`)
    return found
  }

  register(id, kind, definition) {
    const config = this.bundle.configs[id]
    if (!config) throw new Error(`${kind}() in ${id}.js, which has no .json and .wxml`)
    const isPage = this.bundle.pages.includes(id)
    const isolation = config.styleIsolation ?? definition.options?.styleIsolation
    const scope = isPage || isolation === 'shared' ? '' : `s${(this.scopes++).toString(36)}`
    this.hooks.set(id, kind === 'Page' ? definition : { ...definition.methods })
    this.space.addComponentStaticConfig(id, { ...config, component: !isPage, styleIsolation: isPage ? 'shared' : isolation })
    this.space.addCompiledTemplate(id, {
      groupList: this.bundle.groups, content: this.bundle.groups[id], fallbackListenerOnNativeNode: true,
    })
    if (scope) this.space.addStyleSheet(id, undefined, scope)
    const css = this.bundle.styles[id]
    if (css) {
      const host = scope ? `[wx-host="${scope}"]` : `[is="${id}"]`
      this.addCss(css.replaceAll('__SCOPE__', scope && `${scope}--`).replaceAll('__HOST__', host).replaceAll('__ROUTE__', id))
    }
    return this.space.componentEnv(id, (environment) => environment[kind](withoutNamedBehaviors(definition)))
  }
}

// wx://form-field and its like are the platform's; here they add nothing.
function withoutNamedBehaviors(definition) {
  if (!definition.behaviors) return definition
  return { ...definition, behaviors: definition.behaviors.filter((one) => typeof one !== 'string') }
}
