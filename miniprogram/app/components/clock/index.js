const { when } = require('../../utils/time')

/** What was promised and how much of it is used: a case's `clock` as the server counts it. */
Component({
  properties: { clock: { type: Object, value: null } },
  data: { due: '', share: 0, halted: 0 },
  observers: {
    clock(/** @type {any} */ clock) {
      if (!clock) return
      const share = clock.total ? Math.min(100, Math.round((clock.used / clock.total) * 100)) : 0
      const halted = clock.total && clock.paused_for ? Math.min(100 - share, Math.round((clock.paused_for / clock.total) * 100)) : 0
      this.setData({ halted, due: clock.paused ? '' : `期限 ${when(clock.due_at)}`, share })
    },
  },
})
