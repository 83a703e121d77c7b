// Where the car is: told by the server on a line of its own, or asked for again and again where no line gets through.
const request = require('./request')

const SHARES = 'rides.shares'
const POLL_S = 4
const FIRST_TRY_MS = 5000
const LONGEST_TRY_MS = 60000
/** No car is on its way any more, or the ride is not mine to see: as a close of the line, and as an answer. */
const OVER = [4404, 4410]
const REFUSED = [403, 404, 409]

/** → RidePositionView @param {string} caseNo */
const get = (caseNo) => request.get(`/v1/rides/${caseNo}/position`)

/** What whoever has the link sees; nobody has to sign in. → SharedRideView @param {string} token */
const shared = (token) => request.look(`/v1/ride-shares/${encodeURIComponent(token)}`)

/** A page that family can open until the ride is over, the same one each time; the phone knows it until then. @param {string} caseNo */
async function share(caseNo) {
  const { path } = await request.write(`/v1/rides/${caseNo}/shares`)
  wx.setStorageSync(SHARES, { [caseNo]: path })
  return path
}

/** The page that this phone has given away, if it still knows it. @param {string} caseNo @returns {string} */
const linkOf = (caseNo) => (wx.getStorageSync(SHARES) || {})[caseNo] || ''

/** @param {string} caseNo */
async function unshare(caseNo) {
  await request.write(`/v1/rides/${caseNo}/shares`, {}, 'DELETE')
  wx.removeStorageSync(SHARES)
}

/**
 * Follows the car until `stop` is called or there is none to follow. While the line does not hold, it is asked by polling, and
 * the line is tried again ever less often.
 * @param {string} caseNo
 * @param {{ moved: (position: any) => void, over: () => void }} tell
 * @returns {{ stop: () => void }}
 */
function follow(caseNo, tell) {
  /** @type {WechatMiniprogram.SocketTask | null} */
  let line = null
  let [stopped, holds] = [false, false]
  let [polling, retry, pause] = [0, 0, FIRST_TRY_MS]

  async function poll() {
    clearTimeout(polling)
    if (stopped || holds) return
    try {
      const found = await get(caseNo)
      if (stopped || holds) return
      tell.moved(found)
      polling = setTimeout(poll, (found.poll_s || POLL_S) * 1000)
    } catch (error) {
      if (REFUSED.includes(error.status)) end()
      else if (!stopped && !holds) polling = setTimeout(poll, POLL_S * 1000)
    }
  }

  /** @param {{ code?: number, reason?: string }} how */
  function lost({ code, reason }) {
    if (stopped || !line) return
    line = null
    holds = false
    if (OVER.includes(code)) {
      end()
      return
    }
    const told = /again_ms=(\d+)/.exec(reason || '')
    clearTimeout(retry)
    retry = setTimeout(open, told ? Number(told[1]) : pause)
    pause = Math.min(pause * 2, LONGEST_TRY_MS)
    poll()
  }

  async function open() {
    const made = await request.connect(`/v1/rides/${caseNo}/live`).catch(() => null)
    if (stopped || !made) {
      if (made) made.close({})
      else retry = setTimeout(open, pause)
      return
    }
    line = made
    made.onOpen(() => {
      holds = true
      pause = FIRST_TRY_MS
      clearTimeout(polling)
    })
    made.onMessage(({ data }) => {
      if (!stopped) tell.moved(JSON.parse(String(data)))
    })
    made.onClose(lost)
    made.onError(() => lost({}))
  }

  function stop() {
    stopped = true
    clearTimeout(polling)
    clearTimeout(retry)
    if (line) line.close({})
    line = null
  }

  function end() {
    if (stopped) return
    stop()
    tell.over()
  }

  poll()
  open()
  return { stop }
}

module.exports = { follow, get, linkOf, share, shared, unshare }
