/** What the platform waits for. @type {(answer: { event: string, buttonId?: string }) => void} */
let answer = () => {}

/** Asks for consent when an API first needs it; the platform waits for the answer before it goes on. */
Component({
  data: { shown: false, contract: '《用户隐私保护指引》' },
  lifetimes: {
    attached() {
      this.listen()
      wx.getPrivacySetting({ success: ({ privacyContractName }) => this.setData({ contract: privacyContractName }) })
    },
  },
  pageLifetimes: {
    show() {
      this.listen()
    },
  },
  methods: {
    /** The last who asked is told: on whichever page the person is now, its own popup has to be the one. */
    listen() {
      if (!wx.onNeedPrivacyAuthorization) return
      wx.onNeedPrivacyAuthorization((resolve) => {
        answer = /** @type {any} */ (resolve)
        this.setData({ shown: true })
      })
    },

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
