const { ICONS } = require('./icons')

const COLOURS = {
  primary: '#0f766e', ink: '#17211f', quiet: '#4b5a57', white: '#ffffff', amber: '#b45309', blue: '#175cd3', red: '#b42318', sun: '#f6b73c',
}

/** A stroke icon: name is one of icons.js, colour a name from the tokens, size in px or empty for that of the text size, filled with sun. */
Component({
  properties: {
    name: String,
    colour: { type: String, value: 'primary' },
    size: Number,
    filled: Boolean,
  },
  data: { source: '', side: '' },
  observers: {
    'name, colour, size, filled'(/** @type {string} */ name, /** @type {keyof COLOURS} */ colour, /** @type {number} */ size, /** @type {boolean} */ filled) {
      const stroke = COLOURS[colour] || COLOURS.primary
      const svg = `<svg xmlns='http://www.w3.org/2000/svg' width='24' height='24' viewBox='0 0 24 24' fill='${filled ? COLOURS.sun : 'none'}' stroke='${stroke}' stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'>${ICONS[name] || ICONS.info}</svg>`
      this.setData({ source: `data:image/svg+xml,${encodeURIComponent(svg)}`, side: size ? `${size}px` : 'var(--icon)' })
    },
  },
})
