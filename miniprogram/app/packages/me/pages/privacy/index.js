const me = require('../../../../services/me')

Page({
  data: { busy: false },

  read() {
    wx.openPrivacyContract({ fail: () => {} })
  },

  /** @param {() => Promise<any>} work */
  async trying(work) {
    this.setData({ busy: true })
    try {
      await work()
    } catch (error) {
      wx.showModal({ title: '没有办成', content: error.message, showCancel: false })
    } finally {
      this.setData({ busy: false })
    }
  },

  leaveAll() {
    return this.trying(async () => {
      await me.signOutEverywhere()
      wx.showToast({ title: '别的设备都要重新登录了', icon: 'none' })
    })
  },

  download() {
    return this.trying(async () => {
      const data = await me.everything()
      await wx.setClipboardData({ data: JSON.stringify(data, null, 2) })
    })
  },

  async leave() {
    const { confirm } = await wx.showModal({ title: '真的要注销？', content: '个人信息会被清除，不能恢复', confirmText: '注销', cancelText: '不注销' })
    if (!confirm) return
    await this.trying(async () => {
      await me.close()
      await wx.showModal({ title: '已注销', content: '您的个人信息已清除。以后想用，重新打开就是新账户。', showCancel: false })
      wx.reLaunch({ url: '/pages/home/index' })
    })
  },
})
