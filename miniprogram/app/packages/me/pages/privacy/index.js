const files = require('../../../../services/files')
const me = require('../../../../services/me')
const { date } = require('../../../../utils/time')

const FILE = 'hoelun-export.json'
const KIB = 1024

Page({
  text: '',

  data: { busy: false, file: /** @type {any} */ (null) },

  onUnload() {
    if (this.data.file) files.remove(this.data.file.path)
  },

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
      this.text = JSON.stringify(await me.everything(), null, 2)
      const path = await files.save(FILE, this.text)
      this.setData({ file: { path, name: `我的数据-${date(Date.now())}.json`, size: `${Math.ceil(this.text.length / KIB)} KB` } })
    })
  },

  /** A tap of its own, as a phone shares nothing without one. */
  send() {
    const { path, name } = this.data.file
    return this.trying(async () => {
      const done = await files.send(path, name, this.text)
      if (done === 'copied') wx.showToast({ title: '这部手机不能发文件，内容已复制', icon: 'none' })
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
