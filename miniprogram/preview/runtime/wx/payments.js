// WeChat Pay on the phone: what the merchant has signed is shown with its amount, and paid in the sandbox, which tells the server.
import { ask, choice, make } from './dialogs.js'
import { platformOf } from './platform.js'

const SIGNED = ['timeStamp', 'nonceStr', 'package', 'signType', 'paySign']

export function payments({ screen, settings }, api) {
  const { platform, online } = platformOf(settings)

  const sheet = ({ total, description }) => ask(screen().layer, 'low', (veil, choose) => {
    const box = veil.appendChild(make('div', 'sheet pay'))
    const away = Object.assign(choice('×', () => choose(false), 'pay-away'), { ariaLabel: '关闭' })
    box.append(away, make('h3', '', '微信支付'), make('p', '', description), make('b', '', `¥${(total / 100).toFixed(2)}`))
    box.append(choice('确认支付', () => choose(true), 'pay-yes'))
  })

  async function request(given) {
    const wrong = SIGNED.find((name) => typeof given[name] !== 'string' || !given[name])
    if (wrong) throw new Error(`parameter error: parameter.${wrong} should be String`)
    online()
    const signed = Object.fromEntries(SIGNED.map((name) => [name, given[name]]))
    const order = await platform('/_control/pay-sheet', { openid: settings.resident, ...signed })
    if (!(await sheet(order))) throw new Error('cancel')
    await platform('/_control/pay', { prepay_id: order.prepay_id, openid: settings.resident })
  }

  return { requestPayment: api('requestPayment', request) }
}
