// The tags that WeChat brings along, as components whose element is wx-<tag>. `update` runs on attach and on each change.
import { map } from './map.js'
import { BUILT_IN } from './tags.js'

const TEXT = String
const FLAG = Boolean
const ANY = null
const or = (type, value) => ({ type, value })

// What screen readers are told: WeChat's attribute as a property, and the browser's attribute.
const ARIA = {
  ariaRole: 'role', ariaLabel: 'aria-label', ariaChecked: 'aria-checked', ariaSelected: 'aria-selected', ariaHidden: 'aria-hidden',
  ariaBusy: 'aria-busy', ariaDisabled: 'aria-disabled', ariaExpanded: 'aria-expanded',
}
const COMMON = { hidden: FLAG, name: TEXT, hoverClass: TEXT, hoverStartTime: ANY, hoverStayTime: ANY }
const FIELD = {
  value: or(ANY, ''), placeholder: TEXT, placeholderStyle: TEXT, placeholderClass: TEXT, disabled: FLAG,
  maxlength: or(ANY, 140), focus: FLAG, autoFocus: FLAG, confirmType: TEXT, type: TEXT, password: FLAG, autoHeight: FLAG,
  showConfirmBar: or(FLAG, true), cursorSpacing: ANY, adjustPosition: or(FLAG, true), fixed: FLAG, holdKeyboard: FLAG,
}
const CHOICE = { checked: FLAG, disabled: FLAG, value: ANY, color: TEXT, type: TEXT }

const mapped = (names) => Object.fromEntries(Object.keys(names).map((name) => [name, ANY]))
const child = (dom, tag, given = {}) => dom.appendChild(Object.assign(document.createElement(tag), given))
const component = (dom) => dom?.__wxElement
const above = (dom, tag) => component(dom.parentNode?.closest?.(`wx-${tag}`))
const within = (dom, selector) => [...dom.querySelectorAll(selector)].map(component).filter(Boolean)

export function defineBuiltIn(space, wx, issue) {
  const define = (tag, properties = {}, setUp) => {
    const definition = space.define(`wx://${tag}`).options({ multipleSlots: false })
    for (const [name, type] of Object.entries({ ...COMMON, ...mapped(ARIA), ...properties })) {
      if (type === ANY) definition.property(name, { type: null, value: undefined })
      else definition.property(name, typeof type === 'function' ? { type } : type)
    }
    definition.lifetime('attached', function () {
      this.update = setUp?.(this, this.$$)
      refresh(this)
    })
    definition.observer('**', function () {
      if (this.$$) refresh(this)
    })
    space.setGlobalUsingComponent(tag, definition.registerComponent())
  }
  const refresh = (one) => {
    one.$$.hidden = one.data.hidden
    for (const [property, attribute] of Object.entries(ARIA)) {
      const told = one.data[property]
      if (told !== undefined && told !== null) one.$$.setAttribute(attribute, String(told))
    }
    one.update?.(one.data)
  }
  const emit = (one, event, detail) => one.triggerEvent(event, detail, { bubbles: false, composed: false })

  for (const tag of ['view', 'cover-view', 'root-portal', 'swiper-item']) define(tag, { itemId: TEXT })
  define('page-container', { show: FLAG }, (one, dom) => (data) => {
    dom.style.display = data.show ? '' : 'none'
  })
  define('text', { selectable: FLAG, userSelect: FLAG, space: TEXT, decode: FLAG })
  define('icon', { type: TEXT, size: or(ANY, 23), color: TEXT })
  define('progress', { percent: Number, activeColor: TEXT, backgroundColor: TEXT, strokeWidth: or(ANY, 6) }, progress)
  define('rich-text', { nodes: ANY, space: TEXT }, (one, dom) => (data) => {
    dom.textContent = typeof data.nodes === 'string' ? data.nodes : ''
  })
  define('image', { src: TEXT, mode: or(TEXT, 'scaleToFill'), lazyLoad: FLAG, showMenuByLongpress: FLAG }, image)
  define('button', {
    type: or(TEXT, 'default'), size: or(TEXT, 'default'), plain: FLAG, disabled: FLAG, loading: FLAG, formType: TEXT,
    openType: TEXT, lang: TEXT,
  }, button)
  define('input', FIELD, (one, dom) => field(one, dom, 'input'))
  define('textarea', FIELD, (one, dom) => field(one, dom, 'textarea'))
  define('switch', CHOICE, (one, dom) => toggle(one, dom, () => emit(one, 'change', { value: one.data.checked })))
  define('checkbox', CHOICE, (one, dom) => toggle(one, dom, () => grouped(one, dom, 'checkbox-group')))
  define('radio', CHOICE, (one, dom) => toggle(one, dom, () => grouped(one, dom, 'radio-group'), true))
  define('checkbox-group', {}, (one, dom) => group(one, dom, 'checkbox'))
  define('radio-group', {}, (one, dom) => group(one, dom, 'radio'))
  define('label', { for: TEXT }, label)
  define('form', { reportSubmit: FLAG }, form)
  define('slider', {
    min: or(ANY, 0), max: or(ANY, 100), step: or(ANY, 1), value: or(ANY, 0), showValue: FLAG, disabled: FLAG, activeColor: TEXT,
  }, slider)
  define('picker', {
    mode: or(TEXT, 'selector'), range: or(ANY, []), rangeKey: TEXT, value: or(ANY, 0), start: TEXT, end: TEXT, fields: TEXT,
    disabled: FLAG, headerText: TEXT,
  }, picker)
  define('scroll-view', {
    scrollX: FLAG, scrollY: FLAG, scrollTop: ANY, scrollLeft: ANY, scrollIntoView: TEXT, upperThreshold: or(ANY, 50),
    lowerThreshold: or(ANY, 50), enhanced: FLAG, showScrollbar: FLAG, scrollWithAnimation: FLAG, enableFlex: FLAG, type: TEXT,
  }, scroller)
  define('swiper', {
    current: or(ANY, 0), autoplay: FLAG, interval: or(ANY, 5000), duration: ANY, circular: FLAG, indicatorDots: FLAG,
    indicatorColor: TEXT, indicatorActiveColor: TEXT, previousMargin: TEXT, nextMargin: TEXT,
  }, swiper)
  define('map', {
    longitude: ANY, latitude: ANY, scale: or(ANY, 16), markers: or(ANY, []), polyline: or(ANY, []), circles: ANY, includePoints: or(ANY, []),
    showLocation: FLAG, enableZoom: or(FLAG, true), enableScroll: or(FLAG, true), enableRotate: FLAG, showCompass: FLAG, showScale: FLAG,
  }, (one, dom) => map(dom, { issue, asset: (source) => wx.preview.asset(source), tap: (markerId) => emit(one, 'markertap', { markerId }) }))
  define('navigator', { url: TEXT, openType: or(TEXT, 'navigate'), delta: or(ANY, 1) }, navigator)

  function progress(one, dom) {
    const bar = child(dom, 'div')
    return (data) => {
      dom.style.background = data.backgroundColor || '#ebebeb'
      bar.style.cssText = `width:${data.percent}%;height:${data.strokeWidth}px;background:${data.activeColor || '#09bb07'}`
    }
  }

  function image(one, dom) {
    const picture = child(dom, 'img', { draggable: false, alt: '' })
    picture.addEventListener('load', () => emit(one, 'load', { width: picture.naturalWidth, height: picture.naturalHeight }))
    picture.addEventListener('error', () => one.data.src && emit(one, 'error', { errMsg: `GET ${picture.src}` }))
    return (data) => {
      dom.setAttribute('mode', data.mode)
      picture.style.visibility = data.src ? '' : 'hidden'
      if (data.src) picture.src = wx.preview.asset(data.src)
    }
  }

  function button(one, dom) {
    dom.tabIndex = 0
    dom.addEventListener('click', () => {
      if (one.data.disabled) return
      if (one.data.formType) above(dom, 'form')?.finish(one.data.formType)
      if (one.data.openType) wx.preview.open(one.data.openType, (event, detail) => emit(one, event, detail))
    })
    return (data) => {
      for (const name of ['type', 'size']) dom.setAttribute(name, data[name])
      for (const name of ['plain', 'disabled', 'loading']) dom.toggleAttribute(name, Boolean(data[name]))
    }
  }

  function field(one, dom, tag) {
    const box = child(dom, tag)
    let told
    box.addEventListener('input', () => {
      one.setData({ value: box.value })
      emit(one, 'input', { value: box.value, cursor: box.selectionStart, keyCode: 0 })
    })
    box.addEventListener('focus', () => {
      told = box.value
      emit(one, 'focus', { value: box.value, height: 0 })
    })
    box.addEventListener('blur', () => {
      emit(one, 'blur', { value: box.value })
      if (box.value !== told) emit(one, 'change', { value: box.value })
    })
    box.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && tag === 'input') emit(one, 'confirm', { value: box.value })
    })
    one.answer = () => box.value
    one.clear = () => one.setData({ value: '' })
    let focused = false
    return (data) => {
      const value = String(data.value ?? '')
      if (box.value !== value) box.value = value
      box.placeholder = data.placeholder
      box.disabled = data.disabled
      const most = Number(data.maxlength ?? 140)
      if (most >= 0) box.maxLength = most
      else box.removeAttribute('maxlength')
      if (tag === 'input') {
        box.type = data.password ? 'password' : 'text'
        box.inputMode = { number: 'numeric', digit: 'decimal', tel: 'tel' }[data.type] ?? 'text'
      } else if (data.autoHeight) box.style.fieldSizing = 'content'
      const label = dom.getAttribute('aria-label')
      if (label) box.setAttribute('aria-label', label)
      if (data.focus && !focused) box.focus()
      focused = data.focus
    }
  }

  function toggle(one, dom, tell, onlyOn = false) {
    one.flip = () => {
      if (one.data.disabled || (onlyOn && one.data.checked)) return
      one.setData({ checked: !one.data.checked })
      tell()
    }
    if (dom.tagName === 'WX-SWITCH') {
      one.answer = () => Boolean(one.data.checked)
      one.clear = () => one.setData({ checked: false })
    }
    dom.addEventListener('click', (event) => {
      event.stopPropagation()
      one.flip()
    })
    return (data) => {
      dom.toggleAttribute('checked', Boolean(data.checked))
      dom.toggleAttribute('disabled', Boolean(data.disabled))
      if (data.color) dom.style.setProperty('--color', data.color)
    }
  }

  function grouped(one, dom, tag) {
    const all = above(dom, tag)
    if (!all) return
    if (tag === 'radio-group') for (const other of all.members()) if (other !== one) other.setData({ checked: false })
    emit(all, 'change', { value: all.answer() })
  }

  function group(one, dom, tag) {
    one.members = () => within(dom, `wx-${tag}`)
    one.answer = () => {
      const chosen = one.members().filter((other) => other.data.checked).map((other) => other.data.value)
      return tag === 'radio' ? (chosen[0] ?? '') : chosen
    }
    one.clear = () => one.members().forEach((other) => other.setData({ checked: false }))
  }

  function label(one, dom) {
    dom.addEventListener('click', (event) => {
      if (event.target.closest('wx-checkbox, wx-radio, wx-switch, wx-input, wx-textarea, wx-button')) return
      const inside = within(dom, 'wx-checkbox, wx-radio, wx-switch')[0]
      if (inside) inside.flip()
      else dom.querySelector('input, textarea')?.focus()
    })
  }

  function form(one, dom) {
    const fields = () => within(dom, '*').filter((other) => other.answer && other.data?.name)
    one.finish = (how) => {
      if (how === 'reset') {
        fields().forEach((other) => other.clear?.())
        emit(one, 'reset', {})
      } else emit(one, 'submit', { value: Object.fromEntries(fields().map((other) => [other.data.name, other.answer()])) })
    }
  }

  function slider(one, dom) {
    const box = child(dom, 'input', { type: 'range' })
    box.addEventListener('change', () => {
      one.setData({ value: Number(box.value) })
      emit(one, 'change', { value: Number(box.value) })
    })
    one.answer = () => one.data.value
    return (data) => {
      for (const name of ['min', 'max', 'step', 'value', 'disabled']) box[name] = data[name]
    }
  }

  // A transparent control of the browser's own lies over the slot: <select>, or <input type=date|time>.
  function picker(one, dom) {
    let box
    let made = ''
    const chosen = () => {
      one.setData({ value: box.value })
      emit(one, 'change', { value: box.value })
    }
    one.answer = () => one.data.value
    return (data) => {
      const kind = ['date', 'time'].includes(data.mode) ? data.mode : 'select'
      if (made !== kind) {
        box?.remove()
        box = kind === 'select' ? child(dom, 'select') : child(dom, 'input', { type: kind })
        box.className = 'picker-box'
        box.addEventListener('change', chosen)
        made = kind
      }
      box.disabled = data.disabled
      box.setAttribute('aria-label', dom.getAttribute('aria-label') || data.headerText || '请选择')
      if (kind !== 'select') {
        box.min = data.start
        box.max = data.end
        box.value = data.value || ''
        return
      }
      const texts = (data.range ?? []).map((entry) => (data.rangeKey ? entry[data.rangeKey] : entry))
      box.replaceChildren(...texts.map((textContent, value) => Object.assign(document.createElement('option'), { value, textContent })))
      box.value = data.value ?? 0
    }
  }

  function scroller(one, dom) {
    let low = false
    let into = ''
    dom.addEventListener('scroll', () => {
      const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth } = dom
      emit(one, 'scroll', { scrollTop, scrollLeft, scrollHeight, scrollWidth })
      const left = one.data.scrollX ? scrollWidth - clientWidth - scrollLeft : scrollHeight - clientHeight - scrollTop
      const near = left <= Number(one.data.lowerThreshold)
      if (near && !low) emit(one, 'scrolltolower', { direction: one.data.scrollX ? 'right' : 'bottom' })
      low = near
    })
    return (data) => {
      dom.style.overflowX = data.scrollX ? 'auto' : 'hidden'
      dom.style.overflowY = data.scrollY ? 'auto' : 'hidden'
      if (data.scrollIntoView && data.scrollIntoView !== into) {
        into = data.scrollIntoView
        requestAnimationFrame(() => dom.querySelector(`#${CSS.escape(into)}, [id$="--${CSS.escape(into)}"]`)?.scrollIntoView())
      }
    }
  }

  function swiper(one, dom) {
    let shown = Number(one.data.current)
    let started = null
    const items = () => [...dom.querySelectorAll('wx-swiper-item')].filter((item) => item.closest('wx-swiper') === dom)
    const draw = () => items().forEach((item, index) => {
      item.style.transform = `translateX(${(index - shown) * 100}%)`
    })
    const show = (index, source) => {
      const last = items().length - 1
      const next = one.data.circular ? (index + last + 1) % (last + 1) : Math.max(0, Math.min(last, index))
      if (last < 0 || next === shown) return
      shown = next
      draw()
      emit(one, 'change', { current: shown, source, currentItemId: component(items()[shown])?.data.itemId ?? '' })
    }
    dom.addEventListener('pointerdown', (event) => {
      started = event.clientX
    })
    dom.addEventListener('pointerup', (event) => {
      const moved = started === null ? 0 : event.clientX - started
      started = null
      if (Math.abs(moved) > 30) show(shown + (moved < 0 ? 1 : -1), 'touch')
    })
    new MutationObserver(draw).observe(dom, { childList: true, subtree: true })
    return (data) => {
      show(Number(data.current), '')
      draw()
    }
  }

  function navigator(one, dom) {
    const calls = { navigate: 'navigateTo', redirect: 'redirectTo' }
    dom.addEventListener('click', () => wx[calls[one.data.openType] ?? one.data.openType]({ url: one.data.url, delta: one.data.delta }))
  }
}

export const isBuiltIn = (tag) => BUILT_IN.has(tag)
