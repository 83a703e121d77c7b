/** Rows of what is known: `items` [{ icon, label, text, phone? }]; a phone can be called. */
Component({
  properties: { items: { type: Array, value: [] } },
  methods: {
    /** @param {WechatMiniprogram.TouchEvent} event */
    call(event) {
      wx.makePhoneCall({ phoneNumber: event.currentTarget.dataset.phone, fail: () => {} })
    },
  },
})
