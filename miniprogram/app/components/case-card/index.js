const cases = require('../../services/cases')

/** One case in a list: where it stands first. */
Component({
  properties: { item: { type: Object, value: null } },
  methods: {
    open() {
      wx.navigateTo({ url: cases.address(/** @type {any} */ (this.data.item)) })
    },
  },
})
