/** 70.00, from fen. @param {number} fen */
const yuan = (fen) => (fen / 100).toFixed(2)

/** How much in fen somebody has typed as yuan; null for what is no amount. @param {string} text */
function fenOf(text) {
  const plain = text.trim().replace('。', '.')
  return /^\d{1,6}(\.\d{0,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : null
}

module.exports = { fenOf, yuan }
