// What can be said of a paper's number before it is sent. Which papers there are, and whether a number is good, the server says.

const LONG = 18
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECKS = '10X98765432'

/** As it is compared and sent: no spaces, capital letters. @param {string} text */
const plain = (text) => text.replace(/\s/g, '').toUpperCase()

/** What is wrong with it, as one would say it; empty when nothing is seen. @param {{ text: string, has_birthday: boolean, hint: string }} paper @param {string} text */
function wrongWith(paper, text) {
  const number = plain(text)
  if (!number) return '请填证件号'
  if (!/^[A-Z0-9]+$/.test(number)) return '证件号里只有数字和字母，请核对'
  if (!paper.has_birthday || /^[A-Z]/.test(number)) return number.length < 5 ? `号码太短了，${paper.hint}` : ''
  if (number.length !== LONG) return `应该是 ${LONG} 位，现在是 ${number.length} 位`
  if (!/^\d{17}[\dX]$/.test(number)) return '前 17 位都是数字，最后一位是数字或 X'
  const sum = WEIGHTS.reduce((all, weight, at) => all + weight * Number(number[at]), 0)
  return CHECKS[sum % 11] === number[LONG - 1] ? '' : '号码不对，可能有一位写错了，请对着证件再看一遍'
}

module.exports = { plain, wrongWith }
