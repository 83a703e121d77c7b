// How the ways of getting a result are called; which of them there are, the server says.

/** @type {Record<string, { text: string, hint: string, icon: string }>} */
const DELIVERIES = {
  pick_up: { text: '到窗口领', hint: '办好后给您一个取件码，凭码到社区窗口领', icon: 'store' },
  mail: { text: '邮寄到家', hint: '寄到您填的地址', icon: 'mail' },
  electronic: { text: '手机上看', hint: '办好后在这里打开电子件，不用跑', icon: 'download' },
}

/** @param {string[]} names */
const deliveries = (names) => names.map((value) => ({ value, ...(DELIVERIES[value] || { text: value, hint: '', icon: 'info' }) }))

module.exports = { deliveries }
