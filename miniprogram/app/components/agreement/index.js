const agreement = require('../../services/agreement')

/** Consent before anything personal is fetched. Event `agree` once it is given. */
Component({
  data: { given: agreement.given(), refused: false },
  methods: {
    agree() {
      agreement.give()
      this.setData({ given: true })
      this.triggerEvent('agree')
    },

    refuse() {
      this.setData({ refused: true })
    },

    read() {
      wx.openPrivacyContract({ fail: () => {} })
    },
  },
})
