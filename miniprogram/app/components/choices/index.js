/** One of several: `options` [{ value, text }], `chosen` a value. Event `change` {value}. */
Component({
  properties: { options: { type: Array, value: [] }, chosen: String, label: String },
  methods: {
    /** @param {WechatMiniprogram.TouchEvent} event */
    choose(event) {
      this.triggerEvent('change', { value: event.currentTarget.dataset.value })
    },
  },
})
