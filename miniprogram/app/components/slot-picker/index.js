const { clock, day, weekday } = require('../../utils/time')

const PARTS = [
  { name: '上午', until: 12 },
  { name: '下午', until: 18 },
  { name: '晚上', until: 24 },
]

/**
 * Days and their times. `days` as the server sends them; events: `pick` {start}, `full` {start} for a time that is taken.
 */
Component({
  properties: {
    days: { type: Array, value: [] },
    chosen: String,
  },
  data: { date: '', shown: [], parts: [], closed: '这一天休息' },
  observers: {
    'days, chosen'() {
      this.draw()
    },
  },
  methods: {
    draw() {
      const days = this.data.days
      if (!days.length) return
      const chosenDay = this.data.chosen && this.data.chosen.slice(0, 10)
      const date = this.data.date || (chosenDay && days.some((one) => one.date === chosenDay) ? chosenDay : firstFree(days))
      const today = days.find((one) => one.date === date)
      this.setData({
        date,
        shown: days.map(dayView),
        parts: partsOf(today.slots),
        closed: today.note || '这一天休息',
      })
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    chooseDay(event) {
      this.setData({ date: event.currentTarget.dataset.date })
      this.draw()
    },

    /** @param {WechatMiniprogram.TouchEvent} event */
    chooseSlot(event) {
      const { start, free } = event.currentTarget.dataset
      this.triggerEvent(free ? 'pick' : 'full', { start })
    },
  },
})

/** @param {any[]} days */
function firstFree(days) {
  const free = days.find((one) => one.slots.some((/** @type {any} */ slot) => slot.free))
  return (free || days[0]).date
}

/** @param {any} one */
function dayView(one) {
  const free = one.slots.filter((/** @type {any} */ slot) => slot.free).length
  const name = day(`${one.date}T12:00:00+08:00`)
  return {
    date: one.date,
    name: name.includes('月') ? weekday(one.date) : name,
    number: Number(one.date.slice(8)),
    free,
    note: free ? `${free} 个` : one.slots.length ? '约满' : one.note === '未开放' ? '未开放' : '休息',
  }
}

/** @param {any[]} slots */
function partsOf(slots) {
  const hour = (/** @type {any} */ slot) => Number(clock(slot.start).split(':')[0])
  let from = 0
  return PARTS.map(({ name, until }) => {
    const mine = slots.filter((slot) => hour(slot) >= from && hour(slot) < until)
    from = until
    return { name, slots: mine.map((slot) => ({ start: slot.start, free: slot.free, time: clock(slot.start), note: slot.free ? `剩 ${slot.free} 位` : '约满' })) }
  }).filter((part) => part.slots.length)
}
