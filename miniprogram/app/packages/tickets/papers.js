// Which papers somebody may travel with, and what can be said of a number before it is sent. The server has the last word.

const KINDS = [
  { value: 'id_card', text: '身份证' },
  { value: 'passport', text: '护照' },
  { value: 'hk_macau', text: '港澳居民来往内地通行证' },
  { value: 'taiwan', text: '台湾居民来往大陆通行证' },
]

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECKS = '10X98765432'

/** As it is compared and sent: no spaces, capital letters. @param {string} text */
const plain = (text) => text.replace(/\s/g, '').toUpperCase()

/** What is wrong with it, as one would say it; empty when nothing is seen. @param {string} kind @param {string} text */
function wrongWith(kind, text) {
  const number = plain(text)
  if (!number) return '请填证件号'
  if (kind !== KINDS[0].value) return /^[A-Z0-9]{6,20}$/.test(number) ? '' : '证件号只有字母和数字，请核对'
  if (number.length !== 18) return `身份证号是 18 位，现在是 ${number.length} 位`
  if (!/^\d{17}[\dX]$/.test(number)) return '身份证号前 17 位都是数字，最后一位是数字或 X'
  const sum = WEIGHTS.reduce((all, weight, at) => all + weight * Number(number[at]), 0)
  return CHECKS[sum % 11] === number[17] ? '' : '身份证号不对，可能有一位写错了，请对着身份证再看一遍'
}

module.exports = { KINDS, plain, wrongWith }
