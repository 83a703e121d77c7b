/** One case in a list: where it stands first. */
Component({
  properties: { item: { type: Object, value: null } },
  methods: {
    open() {
      wx.navigateTo({ url: `/packages/cases/pages/case/index?case_no=${this.data.item.case_no}` })
    },
  },
})
