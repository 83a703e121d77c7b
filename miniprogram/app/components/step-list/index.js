const { when } = require('../../utils/time')

/** The way of an approval, from the first stop to the last: `items` as the server sends them, with when and by whom. */
Component({
  properties: { items: { type: Array, value: [] } },
  data: { steps: [] },
  observers: {
    items(/** @type {any[]} */ items) {
      this.setData({
        steps: items.map((one, at) => ({ key: `${at}.${one.name}`, text: one.text, state: one.state, line: [one.at && when(one.at), one.who].filter(Boolean).join(' · '), ...SAID[one.state], limit: SAID[one.state].limited ? one.limit_text : '' })),
      })
    },
  },
})

/**
 * What cannot be seen by whoever listens, and whether it still matters how long it may take.
 * @type {Record<string, { said: string, limited?: boolean }>}
 */
const SAID = { done: { said: '已经过了' }, now: { said: '现在在这里', limited: true }, ahead: { said: '还没到', limited: true }, skipped: { said: '不用经过' } }
