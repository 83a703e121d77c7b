/** One service in a list. */
Component({
  properties: { item: { type: Object, value: {} } },
  methods: {
    open() {
      wx.navigateTo({ url: `/packages/services/pages/service/index?id=${this.data.item.id}` })
    },
  },
})
