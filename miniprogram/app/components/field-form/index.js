const SHORT = 40

/**
 * A form drawn from the fields that the server checks it with. Event `change` {values}: answers by name, numbers as
 * numbers; what was not answered is left out. `errors` has a message by name.
 */
Component({
  properties: {
    fields: { type: Array, value: [] },
    values: { type: Object, value: {} },
    errors: { type: Object, value: {} },
  },
  data: { drawn: [], texts: {} },
  observers: {
    fields(/** @type {any[]} */ fields) {
      const drawn = fields
        .filter((one) => ['text', 'number', 'yes_no', 'choice'].includes(one.type))
        .map((one) => ({ ...one, long: !one.max || one.max > SHORT, optional: !one.label.includes('不填') }))
      this.setData({ drawn })
    },
    values(/** @type {Record<string, any>} */ values) {
      this.setData({ texts: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])) })
    },
  },
  methods: {
    /** @param {WechatMiniprogram.TouchEvent} event */
    choose(event) {
      const { name, value } = event.currentTarget.dataset
      this.tell(name, value)
    },

    /** @param {WechatMiniprogram.Input} event */
    type(event) {
      const { name, kind } = event.currentTarget.dataset
      const text = event.detail.value
      this.tell(name, kind === 'number' && text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text)
    },

    /** @param {string} name @param {any} value */
    tell(name, value) {
      const values = { ...this.data.values, [name]: value }
      if (value === '') delete values[name]
      this.triggerEvent('change', { values })
    },
  },
})
