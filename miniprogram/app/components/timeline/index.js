const { when } = require('../../utils/time')

/** How it came to this: `items` as the history sends them, drawn newest first: where it stood, and below it by what, when and by whom. */
Component({
  properties: { items: { type: Array, value: [] } },
  data: { steps: [] },
  observers: {
    items(/** @type {any[]} */ items) {
      const steps = items.map((one) => ({ seq: one.seq, text: one.target_text, reason: one.reason, line: line(one) }))
      this.setData({ steps: steps.reverse() })
    },
  },
})

/** @param {any} one */
function line(one) {
  const who = one.role && one.role !== one.by ? `${one.by}（${one.role}）` : one.by
  return [one.text, when(one.at), who].filter(Boolean).join(' · ')
}
