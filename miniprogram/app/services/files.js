// Papers that the server keeps, and what is written for the person to take along. A phone shows nobody the folder of a program: a file gets out of it by
// being sent into a chat, such as the one with oneself (文件传输助手).
const request = require('./request')

const LOOK_MS = 700
const MOST_LOOKS = 40

/**
 * → the path. Rejects when there is no room. @param {string} name @param {string} text @returns {Promise<string>}
 */
function save(name, text) {
  const filePath = `${wx.env.USER_DATA_PATH}/${name}`
  return new Promise((resolve, reject) => {
    wx.getFileSystemManager().writeFile({ filePath, data: text, encoding: 'utf8', success: () => resolve(filePath), fail: () => reject(new Error('手机上存不下这个文件，请清理一下再试')) })
  })
}

/** What lies there longer than it is needed can be found by others. @param {string} filePath */
function remove(filePath) {
  wx.getFileSystemManager().unlink({ filePath, fail: () => {} })
}

/**
 * Into a chat, or where that cannot be done onto the clipboard; has to be the first thing that a tap does.
 * @param {string} filePath @param {string} fileName @param {string} text
 * @returns {Promise<'sent'|'copied'|'kept'>} what became of it
 */
async function send(filePath, fileName, text) {
  try {
    if (!wx.canIUse('shareFileMessage')) throw new Error('unknown')
    await wx.shareFileMessage({ filePath, fileName })
    return 'sent'
  } catch (error) {
    if (String(error.errMsg).includes('cancel')) return 'kept'
    await wx.setClipboardData({ data: text }).catch(() => {
      throw new Error('没有发出去，也没有复制，请再试一次')
    })
    return 'copied'
  }
}

/**
 * A paper of the server's, opened in the phone's own viewer, from where it can be sent on.
 * @param {string} path @param {'pdf'} fileType
 */
async function open(path, fileType = 'pdf') {
  const filePath = await request.download(path)
  await wx.openDocument({ filePath, fileType, showMenu: true }).catch(() => {
    throw new Error('手机上打不开这个文件，请换一部手机，或到社区窗口领取纸质的')
  })
}

/**
 * A paper that the server draws when it is asked for: waited for, and opened.
 * @param {() => Promise<any>} ask → SlipView @param {() => Promise<any>} look → SlipView
 */
async function openDrawn(ask, look) {
  let slip = await ask()
  for (let looks = 0; !slip.url && !slip.failed && looks < MOST_LOOKS; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    slip = await look()
  }
  if (!slip.url) throw new Error('文件还没有做好，请过一会儿再试')
  await open(slip.url)
}

module.exports = { open, openDrawn, remove, save, send }
