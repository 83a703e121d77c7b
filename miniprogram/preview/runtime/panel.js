// The panel beside the phone: what a person, a network or the platform would do.

const CHOICES = [
  ['network', '网络', { normal: '正常', slow: '慢（每次 2.5 秒）', cut: '断开', hanging: '发出去没有回音' }],
  ['sockets', 'WebSocket', { open: '连得上', refused: '连不上' }],
  ['subscriptions', '订阅消息弹窗', { ask: '问我', accept: '总是允许', reject: '总是拒绝', off: '微信里关掉了' }],
]
const RESIDENTS = Array.from({ length: 200 }, (_, index) => `demo-resident-${String(index + 1).padStart(3, '0')}`)

export function drawPanel(mount, { settings, wx, background, foreground }) {
  const form = document.createElement('form')
  form.className = 'panel'
  form.innerHTML = '<h1>手机预览</h1><p>左边运行的就是要上传的小程序源文件，数据来自本机的服务器。</p>'
  form.append(residents(settings), ...CHOICES.map((choice) => radios(settings, ...choice)), buttons({ settings, wx, background, foreground }))
  form.addEventListener('submit', (event) => event.preventDefault())
  mount.append(form)
}

function section(title) {
  const field = document.createElement('fieldset')
  field.append(Object.assign(document.createElement('legend'), { textContent: title }))
  return field
}

function residents(settings) {
  const field = section('谁的手机')
  const list = document.createElement('select')
  list.setAttribute('aria-label', '谁的手机')
  list.append(...RESIDENTS.map((id) => new Option(id, id, false, id === settings.resident)))
  list.addEventListener('change', () => {
    settings.set('resident', list.value)
    location.reload()
  })
  field.append(list)
  return field
}

function radios(settings, name, title, choices) {
  const field = section(title)
  for (const [value, text] of Object.entries(choices)) {
    const label = field.appendChild(document.createElement('label'))
    const radio = Object.assign(document.createElement('input'), { type: 'radio', name, value, checked: settings[name] === value })
    radio.addEventListener('change', () => settings.set(name, value))
    label.append(radio, ` ${text}`)
  }
  return field
}

function buttons({ settings, wx, background, foreground }) {
  const field = section('手势与状态')
  const button = (text, work) => {
    const one = Object.assign(document.createElement('button'), { type: 'button', textContent: text })
    one.addEventListener('click', work)
    field.append(one, ' ')
  }
  button('下拉刷新', () => wx.startPullDownRefresh())
  button('放到后台', background)
  button('回到前台', foreground)
  button('丢掉下一个回答', () => settings.loseAnswers(1))
  button('清空这部手机', () => {
    Object.keys(localStorage).filter((key) => key.includes(`.${settings.resident}`)).forEach((key) => localStorage.removeItem(key))
    location.reload()
  })
  return field
}
