// What every page shows alike: large text, and whether there is a network. Frames watch it.

const LARGE = 'large'

/** @type {Set<(now: { large: boolean, offline: boolean }) => void>} */
const watchers = new Set()
const now = { large: false, offline: false }

/** Called once, when the program starts. */
function start() {
  now.large = Boolean(wx.getStorageSync(LARGE))
  wx.getNetworkType({ success: ({ networkType }) => change({ offline: networkType === 'none' }) })
  wx.onNetworkStatusChange(({ isConnected }) => change({ offline: !isConnected }))
}

/** @param {Partial<typeof now>} news */
function change(news) {
  Object.assign(now, news)
  watchers.forEach((tell) => tell({ ...now }))
}

/** @param {boolean} large */
function setLarge(large) {
  wx.setStorageSync(LARGE, large)
  change({ large })
}

/**
 * Told at once and at each change; returns how to stop.
 * @param {(now: { large: boolean, offline: boolean }) => void} tell
 */
function watch(tell) {
  watchers.add(tell)
  tell({ ...now })
  return () => watchers.delete(tell)
}

module.exports = { setLarge, start, watch }
