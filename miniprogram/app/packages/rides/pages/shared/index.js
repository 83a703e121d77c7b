const positions = require('../../../../services/positions')
const { mapOf, whereOf } = require('../../drawing')

const LOOK_AGAIN_MS = 5000
const NOWHERE = { spot: null }

/** Somebody's ride, for whoever they gave the link to: no signing in, and nothing once the ride is over. */
Page({
  token: '',
  timer: 0,
  shown: false,

  data: { state: 'loading', error: '', over: '', ride: /** @type {any} */ (null), map: /** @type {any} */ (null), where: /** @type {any} */ (null) },

  /** @param {{ token?: string }} query */
  onLoad({ token = '' }) {
    this.token = decodeURIComponent(token)
  },

  onShow() {
    this.shown = true
    this.load()
  },

  onHide() {
    this.shown = false
    clearTimeout(this.timer)
  },

  onUnload() {
    this.onHide()
  },

  /** A link that is good no more says so, and is not asked about again. */
  async load() {
    clearTimeout(this.timer)
    try {
      const ride = await positions.shared(this.token)
      const { position } = ride
      const details = { pickup: NOWHERE, dropoff: NOWHERE, ...ride }
      const car = position || (ride.spot ? { ...ride, sentence: '' } : null)
      this.setData({ state: 'ready', over: '', ride, map: car ? mapOf(details, car) : null, where: car ? whereOf(car, details) : null })
      this.again()
    } catch (error) {
      if (error.status && error.status < 500) this.setData({ state: 'empty', over: error.message })
      else {
        if (!this.data.ride) this.setData({ state: 'error', error: error.message })
        this.again()
      }
    }
  },

  again() {
    if (this.shown) this.timer = setTimeout(() => this.load(), LOOK_AGAIN_MS)
  },

  home() {
    wx.reLaunch({ url: '/pages/home/index' })
  },
})
