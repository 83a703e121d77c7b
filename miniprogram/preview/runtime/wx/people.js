// Who holds the phone, and what they allow: login, phone number, subscriptions, privacy. The sandbox plays the platform.
import { ask, choice, make } from './dialogs.js'
import { platformOf } from './platform.js'

const MOST_TEMPLATES = 3
const SHARE_MS = 3000

export function people({ screen, settings, issue, router }, api) {
  const listeners = []
  const { platform, online } = platformOf(settings)
  const privacyAgreed = () => localStorage.getItem(`privacy.${settings.resident}`) === 'agreed'
  const agree = () => localStorage.setItem(`privacy.${settings.resident}`, 'agreed')

  async function privacy(referrer) {
    if (privacyAgreed()) return
    if (!listeners.length) throw new Error('privacy permission is not authorized')
    const answer = await new Promise((resolve) => listeners.at(-1)(resolve, { referrer }))
    if (answer.event !== 'agree') throw new Error('privacy permission is not authorized')
    agree()
  }

  async function subscribe({ tmplIds }) {
    if (tmplIds.length > MOST_TEMPLATES) throw refusal('20003', 'templates count out of max bounds')
    if (navigator.userActivation && !navigator.userActivation.isActive) throw refusal('20001', 'can only be invoked by user TAP gesture.')
    if (settings.subscriptions === 'off') throw refusal(20004, 'The main switch is switched off')
    const { templates } = await platform('/_control/app')
    const unknown = tmplIds.find((id) => !templates.some((one) => one.template_id === id))
    if (unknown) throw refusal('20001', `No template data return, verify the template id exist: ${unknown}`)
    const answers = settings.subscriptions === 'ask' ? await popup(tmplIds, templates) : tmplIds.map(() => settings.subscriptions)
    await Promise.all(tmplIds.map((id, index) => platform('/_control/subscribe', {
      openid: settings.resident, template_id: id, result: answers[index],
    })))
    return Object.fromEntries(tmplIds.map((id, index) => [id, answers[index]]))
  }

  const switches = (wanted) => ({ authSetting: {}, ...(wanted && { subscriptionsSetting: { mainSwitch: settings.subscriptions !== 'off', itemSettings: {} } }) })

  const popup = (ids, templates) => ask(screen().layer, 'low', (veil, choose) => {
    const box = veil.appendChild(make('div', 'sheet subscribe'))
    box.append(make('h3', '', '诃额伦社区 申请给您发送消息'))
    const boxes = ids.map((id) => {
      const row = box.appendChild(make('label'))
      const tick = Object.assign(make('input'), { type: 'checkbox', checked: true })
      row.append(make('span', '', templates.find((one) => one.template_id === id)?.title ?? id), tick)
      return tick
    })
    const buttons = box.appendChild(make('div', 'modal-buttons'))
    buttons.append(
      choice('拒绝', () => choose(ids.map(() => 'reject'))),
      choice('允许', () => choose(boxes.map((tick) => (tick.checked ? 'accept' : 'reject'))), 'yes'),
    )
  })

  return {
    login: api('login', async () => {
      online()
      return platform('/_control/codes', { openid: settings.resident })
    }),
    checkSession: api('checkSession', () => ({})),
    requestSubscribeMessage: api('requestSubscribeMessage', subscribe),
    getSetting: api('getSetting', ({ withSubscriptions }) => switches(withSubscriptions)),
    openSetting: api('openSetting', async ({ withSubscriptions }) => {
      const off = settings.subscriptions === 'off'
      const other = await ask(screen().layer, 'low', (veil, choose) => {
        const box = veil.appendChild(make('div', 'sheet'))
        box.append(make('h3', '', '设置 · 订阅消息'), choice(off ? '打开接收' : '关掉接收', () => choose(true)), choice('返回', () => choose(false), 'no'))
      })
      if (other) settings.subscriptions = off ? 'accept' : 'off'
      return switches(withSubscriptions)
    }),
    getPrivacySetting: api('getPrivacySetting', () => ({ needAuthorization: !privacyAgreed(), privacyContractName: '《用户隐私保护指引》' })),
    onNeedPrivacyAuthorization: (tell) => listeners.push(tell),
    openPrivacyContract: api('openPrivacyContract', () => { void ask(screen().layer, '', (veil, choose) => {
      const box = veil.appendChild(make('div', 'modal'))
      box.append(make('h3', '', '用户隐私保护指引'), make('p', '', '微信在这里显示后台填写的指引；预览里没有它的正文。'))
      box.append(choice('知道了', choose, 'yes'))
    }) }),
    makePhoneCall: api('makePhoneCall', ({ phoneNumber }) => { void ask(screen().layer, 'low', (veil, choose) => {
      const sheet = veil.appendChild(make('div', 'sheet'))
      sheet.append(choice(`呼叫 ${phoneNumber}`, choose), choice('取消', choose, 'no'))
    }) }),
    setClipboardData: api('setClipboardData', async ({ data }) => {
      await privacy('setClipboardData')
      settings.clipboard = data
    }),
    preview: { privacy, asset: (source) => settings.asset(source), open },
  }

  /** What a button with open-type does; `emit` tells its bind* handler. */
  async function open(type, emit) {
    const work = { getPhoneNumber: phoneNumber, agreePrivacyAuthorization: agree, contact() {}, share }[type]
    if (!work) return issue('missing', `button open-type=${type}`)
    try {
      emit(type.toLowerCase(), { errMsg: `${type}:ok`, ...(await work()) })
    } catch (error) {
      emit(type.toLowerCase(), { errMsg: `${type}:fail ${error.message}` })
    }
  }

  /** The card that goes to a friend, as the page wants it; a page that waits for the server has three seconds. */
  async function share() {
    const page = router().top
    const { promise, ...card } = (await router().call(page, 'onShareAppMessage', { from: 'button' })) ?? {}
    const late = new Promise((resolve) => setTimeout(resolve, SHARE_MS))
    const told = { title: page.title, path: `/${page.route}`, ...card, ...(promise && (await Promise.race([promise.catch(() => ({})), late]))) }
    const sent = await ask(screen().layer, 'low', (veil, choose) => {
      const box = veil.appendChild(make('div', 'sheet'))
      box.append(choice(`发给朋友：${told.title}`, () => choose(true)), choice('取消', () => choose(false), 'no'))
    })
    if (sent) settings.shared = { title: told.title, path: told.path }
  }

  async function phoneNumber() {
    await privacy('getPhoneNumber')
    online()
    return platform('/_control/phone-codes', { openid: settings.resident, phone: settings.phone })
  }

  function refusal(errCode, message) {
    return Object.assign(new Error(message), { facts: { errCode } })
  }
}
