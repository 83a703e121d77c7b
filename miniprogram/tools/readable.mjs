// Whether a page can be read and used by everybody: targets, contrast, nothing cut. `phone` is one of tests/e2e/stage.mjs.

const TARGET = 60
const CONTRAST = 4.5

/** Whatever a finger is meant for has to be at least 60 by 60 in large text; what lies in a label is as large as that. → what is not */
export function tooSmall(phone, large) {
  if (!large) return []
  return phone.view.evaluate((view, least) => {
    const roles = ['button', 'radio', 'checkbox', 'tab', 'link', 'switch'].map((role) => `[role="${role}"]`)
    const found = [...view.querySelectorAll([...roles, 'wx-button', 'wx-input', 'wx-textarea', 'wx-picker', 'wx-switch'].join())]
    const sized = found.map((one) => ({ one, box: (one.closest('wx-label') ?? one).getBoundingClientRect() }))
    const small = sized.filter(({ box }) => box.width > 0 && (box.height < least - 0.5 || box.width < least - 0.5))
    return [...new Set(small.map(({ one, box }) => `${one.tagName}.${one.className} ${Math.round(box.width)}x${Math.round(box.height)} "${one.textContent.trim().slice(0, 12)}"`))]
  }, TARGET)
}

/** What sticks out of the page to the right, other than what can be scrolled, or out of its button. → what is cut */
export function cutOff(phone) {
  return phone.view.evaluate((view) => {
    const { right } = view.getBoundingClientRect()
    const cut = [...view.querySelectorAll('wx-text, wx-button, wx-view')].filter((one) => {
      const box = one.getBoundingClientRect()
      return box.width > 0 && !one.closest('wx-scroll-view') && (box.right > right + 0.5 || (one.tagName === 'WX-BUTTON' && one.scrollWidth > one.clientWidth))
    })
    return [...new Set(cut.map((one) => `${one.className} is cut: "${one.textContent.trim().slice(0, 16)}"`))]
  })
}

/** Text whose contrast with what lies under it is below 4.5; on a gradient, with each of its colours. → what is not read well */
export function tooPale(phone) {
  return phone.view.evaluate((view, least) => {
    const channels = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const light = ([red, green, blue]) => {
      const [r, g, b] = [red, green, blue].map((one) => one / 255).map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const over = ([r, g, b, alpha = 1], under) => [r, g, b].map((one, index) => one * alpha + under[index] * (1 - alpha))
    const chain = (one) => (one ? [one, ...chain(one.parentElement)] : [])
    const isSolid = (style) => style.backgroundColor !== 'transparent' && (channels(style.backgroundColor)[3] ?? 1) === 1
    const grounds = (one) => {
      const below = chain(one).map((each) => getComputedStyle(each)).find((style) => isSolid(style) || style.backgroundImage.includes('gradient'))
      if (!below) return [[255, 255, 255]]
      const stops = below.backgroundImage.match(/rgba?\([^)]*\)/g)
      return stops ? stops.map((stop) => channels(stop).slice(0, 3)) : [channels(below.backgroundColor).slice(0, 3)]
    }
    const contrast = (colour, opacity, under) => {
      const [r, g, b, alpha = 1] = colour
      const [dark, bright] = [light(under), light(over([r, g, b, alpha * opacity], under))].sort((one, other) => one - other)
      return (bright + 0.05) / (dark + 0.05)
    }
    const pale = []
    for (const one of view.querySelectorAll('*')) {
      const text = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join('') || (one.matches('input:not([type="range"]), textarea') && one.value)
      if (!text || !one.checkVisibility()) continue
      const opacity = chain(one).reduce((product, each) => product * Number(getComputedStyle(each).opacity), 1)
      const worst = Math.min(...grounds(one).map((under) => contrast(channels(getComputedStyle(one).color), opacity, under)))
      if (worst < least) pale.push(`${worst.toFixed(1)}:1 "${text.slice(0, 12)}"`)
    }
    return [...new Set(pale)]
  }, CONTRAST)
}
