// The phone around the pages: navigation bar, tab bar, and a layer for what lies above.

const FRAME = `
<div class="phone">
  <div class="phone-bar"><span class="phone-time">9:41</span><button class="phone-back" aria-label="返回">‹</button><b></b><span class="phone-capsule" aria-hidden="true"><i></i><i></i><i></i><u></u></span></div>
  <div class="phone-pages"></div>
  <nav class="phone-tabs"></nav>
  <div class="phone-layer"></div>
</div>`

export class Screen {
  /** go(kind, { url }) moves between pages. */
  constructor(bundle, mount, asset, go) {
    mount.innerHTML = FRAME
    this.bundle = bundle
    this.asset = asset
    this.go = go
    const find = (selector) => mount.querySelector(selector)
    this.phone = find('.phone')
    this.bar = find('.phone-bar')
    this.pages = find('.phone-pages')
    this.tabBar = find('.phone-tabs')
    this.layer = find('.phone-layer')
    this.badges = new Map()
    find('.phone-back').addEventListener('click', () => go('navigateBack'))
  }

  config(route) {
    return { ...this.bundle.app.window, ...this.bundle.configs[route] }
  }

  title(route) {
    return this.config(route).navigationBarTitleText ?? ''
  }

  box(route) {
    const box = this.pages.appendChild(document.createElement('div'))
    box.className = 'phone-page'
    box.style.background = this.config(route).backgroundColor ?? '#fff'
    return box
  }

  show(page, canGoBack) {
    for (const box of this.pages.children) box.hidden = box !== page.box
    const config = this.config(page.route)
    this.bar.style.background = config.navigationBarBackgroundColor ?? '#000'
    this.bar.style.color = config.navigationBarTextStyle === 'black' ? '#17211f' : '#fff'
    this.bar.classList.toggle('custom', config.navigationStyle === 'custom')
    this.bar.querySelector('.phone-back').hidden = !canGoBack
    this.shown = page
    this.setTitle(page, page.title)
    this.drawTabs()
  }

  setTitle(page, title) {
    page.title = title
    if (page === this.shown) this.bar.querySelector('b').textContent = title
  }

  setBadge(index, text) {
    this.badges.set(index, text)
    this.drawTabs()
  }

  drawTabs() {
    const bar = this.bundle.app.tabBar
    const route = this.shown?.route
    this.tabBar.hidden = !bar?.list.some((tab) => tab.pagePath === route)
    if (this.tabBar.hidden) return
    this.tabBar.style.background = bar.backgroundColor ?? '#fff'
    this.tabBar.replaceChildren(...bar.list.map((tab, index) => this.tab(bar, tab, index, tab.pagePath === route)))
  }

  tab(bar, tab, index, on) {
    const link = document.createElement('button')
    link.style.color = on ? bar.selectedColor : bar.color
    if (tab.iconPath) {
      link.append(Object.assign(document.createElement('img'), { src: this.asset(`/${on ? tab.selectedIconPath : tab.iconPath}`), alt: '' }))
    }
    link.append(Object.assign(document.createElement('span'), { textContent: tab.text }))
    link.dataset.badge = this.badges.get(index) ?? ''
    link.addEventListener('click', () => this.go('switchTab', { url: `/${tab.pagePath}` }))
    return link
  }
}
