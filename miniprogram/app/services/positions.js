// Where the car is: told by the server on a line of its own, or asked for again and again where no line gets through.
const request = require('./request')

const SHARES = 'rides.shares'
const ASK_AGAIN_MS = 4000
const FIRST_TRY_MS = 5000
const LONGEST_TRY_MS = 60000

/** → where the driver is now @param {string} caseNo */
const get = (caseNo) => request.get(`/v1/rides/${caseNo}/position`)

/** What whoever has the link sees; nobody has to sign in. @param {string} token */
const shared = (token) => request.look(`/v1/ride-shares/${token}`)

/** A link for family, until the ride is over; the phone knows it until then. @param {string} caseNo */
async function share(caseNo) {
  const made = await request.write(`/v1/rides/${caseNo}/shares`)
  wx.setStorageSync(SHARES, { [caseNo]: made.token })
  return made.token
}

/** The link that this phone has made, if it still knows it. @param {string} caseNo @returns {string} */
const linkOf = (caseNo) => (wx.getStorageSync(SHARES) || {})[caseNo] || ''

/** @param {string} caseNo */
async function unshare(caseNo) {
  await request.write(`/v1/rides/${caseNo}/shares`, {}, 'DELETE')
  wx.removeStorageSync(SHARES)
}

/**
 * Follows the car until `stop` is called. While the line does not hold, it is asked by polling, and the line is tried again ever
 * less often.
 * @param {string} caseNo
 * @param {{ moved: (position: any) => void, changed: () => void }} tell moved: where it is; changed: something else is new
 * @returns {{ stop: () => void }}
 */
function follow(caseNo, tell) {
  /** @type {WechatMiniprogram.SocketTask | null} */
  let line = null
  let stopped = false
  let polling = 0
  let retry = 0
  let pause = FIRST_TRY_MS

  async function poll() {
    clearTimeout(polling)
    const found = await get(caseNo).catch(() => null)
    if (stopped || polling < 0) return
    if (found) tell.moved(found)
    polling = setTimeout(poll, ASK_AGAIN_MS)
  }

  function lost() {
    if (stopped || !line) return
    line = null
    polling = 0
    poll()
    clearTimeout(retry)
    retry = setTimeout(open, pause)
    pause = Math.min(pause * 2, LONGEST_TRY_MS)
  }

  async function open() {
    const made = await request.connect(`/v1/rides/${caseNo}/live`).catch(() => null)
    if (stopped || !made) {
      if (made) made.close({})
      return
    }
    line = made
    made.onOpen(() => {
      if (stopped) return
      clearTimeout(polling)
      polling = -1
      pause = FIRST_TRY_MS
    })
    made.onMessage(({ data }) => {
      if (stopped) return
      const told = read(data)
      if (told.spot || told.position) tell.moved(told.position || told)
      else tell.changed()
    })
    made.onClose(lost)
    made.onError(lost)
  }

  poll()
  open()
  return {
    stop() {
      stopped = true
      clearTimeout(polling)
      clearTimeout(retry)
      if (line) line.close({})
    },
  }
}

/** @param {string | ArrayBuffer} data */
function read(data) {
  try {
    return JSON.parse(String(data)) || {}
  } catch (error) {
    return {}
  }
}

module.exports = { follow, get, linkOf, share, shared, unshare }
