// How saved accounts, and paying by itself, are drawn; what can be done with them the server says.
const { iconOf } = require('./drawing')

const REMIND = [1, 3, 7].map((days) => ({ value: String(days), text: `${days} 天` }))

/** @param {any} account @param {any} [auto] */
function accountOf(account, auto) {
  const agreed = auto && auto.agreed
  return {
    ...account,
    icon: iconOf(account.payee.kind),
    payee: account.payee.name,
    auto_text: agreed ? `自动缴${auto.state_text}` : '',
    auto_tone: auto ? auto.tone : '',
  }
}

/** Limits as choices. @param {{ fen: number, text: string }[]} limits */
const choicesOf = (limits) => limits.map(({ fen, text }) => ({ value: String(fen), text }))

module.exports = { REMIND, accountOf, choicesOf }
