const request = require('./request')

const RECENT = 'rides.recent'
const MOST_RECENT = 6

/** @typedef {{ text: string, spot: { lng: number, lat: number }, compound_id?: string | null }} Stop */

/** What it would cost, and how soon somebody could come. → EstimateView @param {Record<string, any>} wanted */
const estimate = (wanted) => request.write('/v1/ride-estimates', wanted)

/** → CaseView @param {Record<string, any>} wanted */
const order = (wanted) => request.write('/v1/rides', wanted)

/** Where people often want to go: station, hospital, street office. → LandmarkView[] */
async function landmarks() {
  return (await request.get('/v1/landmarks')).items
}

/** Where this phone's rides began and ended, the newest first; nobody else knows. @returns {Stop[]} */
const recent = () => wx.getStorageSync(RECENT) || []

/** @param {Stop[]} stops */
function remember(...stops) {
  const known = recent().filter((one) => !stops.some((other) => other.text === one.text))
  wx.setStorageSync(RECENT, [...stops, ...known].slice(0, MOST_RECENT))
}

module.exports = { estimate, landmarks, order, recent, remember }
