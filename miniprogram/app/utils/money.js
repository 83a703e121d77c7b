/** 70.00, from fen. @param {number} fen */
const yuan = (fen) => (fen / 100).toFixed(2)

module.exports = { yuan }
