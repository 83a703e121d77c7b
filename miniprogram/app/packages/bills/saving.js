// How saved accounts, and paying by itself, are drawn; what can be done with them the server says.
const { AUTO_TONES, RUN_TONES, iconOf } = require('./drawing')

const REMIND = [1, 3, 7].map((days) => ({ value: String(days), text: `${days} 天` }))

/** @param {any} account @param {any} [auto] */
function accountOf(account, auto) {
  const agreed = auto && auto.state !== 'stopped'
  return {
    ...account,
    icon: iconOf(account.payee.kind),
    payee: account.payee.name,
    auto_text: agreed ? `自动缴${auto.state_text}` : '',
    auto_tone: auto ? AUTO_TONES[auto.state] : '',
  }
}

/** @param {any} auto */
function autoOf(auto) {
  return {
    ...auto,
    tone: AUTO_TONES[auto.state],
    runs: auto.runs.map((/** @type {any} */ one) => ({ ...one, tone: RUN_TONES[one.state] })),
  }
}

/** Limits as choices. @param {{ fen: number, text: string }[]} limits */
const choicesOf = (limits) => limits.map(({ fen, text }) => ({ value: String(fen), text }))

module.exports = { REMIND, accountOf, autoOf, choicesOf }
