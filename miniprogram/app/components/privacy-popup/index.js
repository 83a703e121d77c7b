/** What the platform waits for. @type {(answer: { event: string, buttonId?: string }) => void} */
let answer = () => {}

/** Asks for consent when an API first needs it; the platform waits for the answer before it goes on. */
Component({
  data: { shown: false, contract: '《用户隐私保护指引》' },
  lifetimes: {
    attached() {
      if (!wx.onNeedPrivacyAuthorization) return
      wx.onNeedPrivacyAuthorization((resolve) => {
        answer = /** @type {any} */ (resolve)
        this.setData({ shown: true })
      })
      wx.getPrivacySetting({ success: ({ privacyContractName }) => this.setData({ contract: privacyContractName }) })
    },
  },
  methods: {
    agree() {
      this.setData({ shown: false })
      answer({ event: 'agree', buttonId: 'agree-privacy' })
    },

    refuse() {
      this.setData({ shown: false })
      answer({ event: 'disagree' })
    },

    read() {
      wx.openPrivacyContract({ fail: () => {} })
    },
  },
})
