// What is filled in to ask for a ride: it lies on the phone until it is sent, so that the pages of it share it.
const drafts = require('../../services/drafts')
const { date, weekday } = require('../../utils/time')

const DRAFT = 'ride'
const DAYS = 7
const DAY_MS = 24 * 3600 * 1000
const NAMED = ['今天', '明天', '后天']

/** @typedef {import('../../services/rides').Stop} Stop */
/** @typedef {{ from?: Stop, to?: Stop, later?: boolean, day?: string, time?: string, wheelchair?: boolean, helper?: boolean, people?: number, whom?: string, contact?: { name: string, phone: string }, pay?: string, note?: string }} Wanted */

/** @returns {Wanted} */
const get = () => drafts.get(DRAFT)

/** @param {Wanted} news */
const keep = (news) => drafts.keep(DRAFT, { ...get(), ...news })

const drop = () => drafts.drop(DRAFT)

/** The days that can be chosen: today and six more. @param {number} [now] */
function days(now = Date.now()) {
  return Array.from({ length: DAYS }, (_, ahead) => {
    const value = date(now + ahead * DAY_MS)
    return { value, text: NAMED[ahead] || `${weekday(value)} ${Number(value.slice(5, 7))} 月 ${Number(value.slice(8))} 日` }
  })
}

/** When the car should be there, null for now. @param {Wanted} wanted */
const moment = ({ later, day, time }) => (later && day && time ? `${day}T${time}:00+08:00` : null)

/** What the server is asked for the price. @param {Wanted} wanted */
const priced = (wanted) => ({ pickup: stop(wanted.from), dropoff: stop(wanted.to), at: moment(wanted), wheelchair: Boolean(wanted.wheelchair), helper: Boolean(wanted.helper) })

/** What the server is sent. @param {Wanted} wanted */
function asked(wanted) {
  const { people = 1, whom, contact, note = '', pay = 'wechat' } = wanted
  const named = contact && (contact.name || contact.phone)
  return { ...priced(wanted), people, note, pay, contact: named ? contact : undefined, resident_id: whom || undefined }
}

/** @param {Stop} one */
const stop = ({ text, spot, compound_id: compound }) => (compound ? { text, spot, compound_id: compound } : { text, spot })

module.exports = { asked, days, drop, get, keep, moment, priced }
