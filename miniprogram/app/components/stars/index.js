/** Five levels, each with its word: `levels` as the rating sheet has them. Event `change` {value}. */
Component({
  properties: {
    levels: { type: Array, value: [] },
    value: { type: Number, value: 0 },
    label: String,
    named: Boolean,
    size: { type: Number, value: 30 },
  },
  data: { word: '', rising: [] },
  observers: {
    'levels, value'(/** @type {any[]} */ levels, /** @type {number} */ value) {
      const level = levels.find((one) => one.stars === value)
      this.setData({ word: level ? level.text : '', rising: [...levels].sort((one, other) => one.stars - other.stars) })
    },
  },
  methods: {
    /** @param {WechatMiniprogram.TouchEvent} event */
    choose(event) {
      this.triggerEvent('change', { value: event.currentTarget.dataset.stars })
    },
  },
})
