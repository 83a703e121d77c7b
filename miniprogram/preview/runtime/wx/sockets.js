// wx.connectSocket: what a phone allows of it, five at a time. A browser's WebSocket has no headers of its own, so they travel in
// the address to the preview's server, which makes headers of them again.

const MOST = 5
const ABNORMAL = 1006
export const HEADERS = 'preview-headers'

export function sockets({ settings }, api) {
  const open = new Set()
  settings.listen((name) => {
    if (name === 'network' && settings.network === 'cut') open.forEach((one) => one.lose())
  })

  function connectSocket(options = {}) {
    const listeners = { open: [], message: [], close: [], error: [] }
    const tell = (event, detail) => listeners[event].forEach((one) => one(detail))
    let socket
    const ended = (code, reason) => {
      if (!open.delete(task)) return
      task.readyState = 3
      tell('close', { code, reason })
    }
    const task = {
      readyState: 0,
      onOpen: (one) => listeners.open.push(one),
      onMessage: (one) => listeners.message.push(one),
      onClose: (one) => listeners.close.push(one),
      onError: (one) => listeners.error.push(one),
      send: api('SocketTask.send', ({ data }) => {
        if (task.readyState !== 1) throw new Error('SocketTask.readyState is not OPEN')
        socket.send(data)
      }),
      close: api('SocketTask.close', ({ code = 1000, reason = '' } = {}) => {
        socket?.close(code, reason)
        ended(code, reason)
      }),
      lose() {
        socket?.close()
        tell('error', { errMsg: 'net::ERR_INTERNET_DISCONNECTED' })
        ended(ABNORMAL, 'abnormal closure')
      },
    }
    api('connectSocket', ({ url }) => {
      if (!/^wss?:\/\//.test(url)) throw new Error(`url not in domain list: ${url}`)
      if (open.size >= MOST) throw new Error('exceed max task count')
      open.add(task)
      if (settings.network === 'cut' || settings.sockets === 'refused') {
        setTimeout(() => task.lose())
        return { socketTaskId: 0 }
      }
      socket = new WebSocket(address(url, options.header), options.protocols ?? [])
      socket.onopen = () => {
        if (!open.has(task)) return
        task.readyState = 1
        tell('open', { header: {} })
      }
      socket.onmessage = ({ data }) => open.has(task) && tell('message', { data })
      socket.onerror = () => open.has(task) && tell('error', { errMsg: 'connect failed' })
      socket.onclose = ({ code, reason }) => ended(code, reason)
      return { socketTaskId: open.size }
    })({ ...options, fail: options.fail ?? (({ errMsg }) => tell('error', { errMsg })) })
    return task
  }

  function address(url, header = {}) {
    const here = new URL(settings.address(url.replace(/^ws/, 'http')), location.href)
    here.protocol = here.protocol === 'https:' ? 'wss:' : 'ws:'
    if (Object.keys(header).length) here.searchParams.set(HEADERS, JSON.stringify(header))
    return here.href
  }

  return { connectSocket }
}
