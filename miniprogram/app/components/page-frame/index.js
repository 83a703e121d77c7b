const look = require('../../services/look')

/**
 * Around every page: text size, the notice that there is no network, and what is shown while there is nothing to show.
 * state: loading, ready, empty, error. Events: retry, act (the button of the empty state).
 */
Component({
  options: { multipleSlots: true },
  properties: {
    state: { type: String, value: 'ready' },
    error: String,
    rows: { type: Array, value: [1, 2, 3] },
    emptyIcon: { type: String, value: 'leaf' },
    emptyTitle: { type: String, value: '这里还没有内容' },
    emptyText: String,
    emptyAction: String,
  },
  data: { large: false, offline: false },
  lifetimes: {
    attached() {
      /** @type {any} */ (this).leave = look.watch((now) => this.setData(now))
    },
    detached() {
      /** @type {any} */ (this).leave()
    },
  },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
    act() {
      this.triggerEvent('act')
    },
  },
})
