// Pages on a stack, as WeChat keeps them: ten at most, tabs stay alive, hooks are called in its order.

const STACK_LIMIT = 10

export class Router {
  /** screen draws the frame around pages; loader knows their hooks; issue notes what goes wrong. */
  constructor({ bundle, space, backend, screen, loader, issue }) {
    Object.assign(this, { bundle, space, backend, screen, loader, issue })
    this.stack = []
    this.tabs = new Map()
  }

  get top() {
    return this.stack.at(-1)
  }

  isTab(route) {
    return Boolean(this.bundle.app.tabBar?.list.some((tab) => tab.pagePath === route))
  }

  call(page, name, given) {
    const hook = this.loader.hook(page.route, name)
    if (!hook) return undefined
    try {
      const result = hook.call(page.instance, given)
      result?.catch?.((error) => this.issue('error', error))
      return result
    } catch (error) {
      this.issue('error', error)
      return undefined
    }
  }

  /** url may be relative to the page shown. Throws an Error with WeChat's message when that is no way to go. */
  go(kind, { url = '', delta = 1 } = {}) {
    if (kind === 'navigateBack') return this.back(delta)
    const [path, query = ''] = url.split('?')
    const route = new URL(path, `http://page/${this.top?.route ?? ''}`).pathname.slice(1)
    if (!this.bundle.pages.includes(route)) throw new Error(`page "${route}" is not found`)
    if (kind === 'switchTab' && !this.isTab(route)) throw new Error('can not switch to no-tabBar page')
    if (['navigateTo', 'redirectTo'].includes(kind) && this.isTab(route)) throw new Error(`can not ${kind} a tabbar page`)
    if (kind === 'navigateTo' && this.stack.length >= STACK_LIMIT) throw new Error('webview count limit exceed')
    return this[kind](route, query)
  }

  navigateTo(route, query) {
    this.hide(this.top)
    this.open(route, query)
  }

  redirectTo(route, query) {
    this.close(this.stack.pop())
    this.open(route, query)
  }

  reLaunch(route, query) {
    new Set([...this.stack.splice(0), ...this.tabs.values()]).forEach((page) => this.close(page))
    this.open(route, query)
  }

  switchTab(route) {
    if (this.top?.route === route) return
    const before = this.stack.splice(0)
    before.filter((page) => !this.isTab(page.route)).forEach((page) => this.close(page))
    before.filter((page) => this.isTab(page.route)).forEach((page) => this.hide(page))
    const known = this.tabs.get(route)
    if (!known) return this.open(route, '')
    this.stack.push(known)
    this.show(known)
  }

  back(delta) {
    const number = Math.min(delta, this.stack.length - 1)
    if (number < 1) throw new Error('cannot navigate back at first page')
    this.stack.splice(-number).reverse().forEach((page) => this.close(page))
    this.show(this.top)
  }

  open(route, query) {
    const box = this.screen.box(route)
    const place = box.appendChild(document.createElement('div'))
    const root = this.backend.createRoot('page', this.space, route)
    const instance = root.get()
    const page = { route, query, box, root, instance, title: this.screen.title(route) }
    instance.route = instance.is = route
    instance.options = Object.fromEntries(new URLSearchParams(query))
    const dom = root.getComponent().$$
    dom.setAttribute('route', route)
    this.stack.push(page)
    if (this.isTab(route)) this.tabs.set(route, page)
    root.attach(box, place)
    this.watchScroll(page, dom)
    this.call(page, 'onLoad', instance.options)
    this.show(page)
    requestAnimationFrame(() => this.call(page, 'onReady'))
  }

  watchScroll(page, dom) {
    let low = false
    dom.addEventListener('scroll', () => {
      this.call(page, 'onPageScroll', { scrollTop: dom.scrollTop })
      const left = dom.scrollHeight - dom.clientHeight - dom.scrollTop
      const near = left <= (this.bundle.configs[page.route].onReachBottomDistance ?? 50)
      if (near && !low) this.call(page, 'onReachBottom')
      low = near
    })
  }

  show(page) {
    this.screen.show(page, this.stack.length > 1)
    page.root.getComponent().triggerPageLifetime('show', [])
    this.call(page, 'onShow')
  }

  hide(page) {
    if (!page) return
    page.root.getComponent().triggerPageLifetime('hide', [])
    this.call(page, 'onHide')
  }

  close(page) {
    this.call(page, 'onUnload')
    page.root.release()
    page.box.remove()
    this.tabs.delete(page.route)
  }
}
