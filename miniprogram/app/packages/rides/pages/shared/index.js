const positions = require('../../../../services/positions')
const { mapOf, whereOf } = require('../../drawing')

const LOOK_AGAIN_S = 5
/** What the car drives to once the passenger sits in it. */
const TO_THE_END = 'dropoff'

/** Somebody's ride, for whoever they gave the link to: no signing in, and nothing once the ride is over. */
Page({
  token: '',
  timer: 0,
  shown: false,

  data: { state: 'loading', error: '', over: '', ride: /** @type {any} */ (null), car: '', map: /** @type {any} */ (null), where: /** @type {any} */ (null) },

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
      const ends = { pickup: { spot: ride.pickup }, dropoff: { spot: ride.dropoff }, boarded_at: ride.goal === TO_THE_END }
      this.setData({ state: 'ready', over: '', ride, car: [ride.driver, [ride.colour, ride.model].filter(Boolean).join(' ')].filter(Boolean).join(' · '), map: mapOf(ends, ride, this.data.map), where: whereOf(ride) })
      this.again(ride.poll_s)
    } catch (error) {
      if (error.status && error.status < 500) this.setData({ state: 'empty', over: error.message })
      else {
        if (!this.data.ride) this.setData({ state: 'error', error: error.message })
        this.again(LOOK_AGAIN_S)
      }
    }
  },

  /** @param {number} seconds */
  again(seconds) {
    if (this.shown) this.timer = setTimeout(() => this.load(), seconds * 1000)
  },

  home() {
    wx.reLaunch({ url: '/pages/home/index' })
  },
})
