// wx.request and its relatives, through the network that the preview's switch allows: normal, slow, cut, or hanging.

const METHODS = new Set(['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'CONNECT'])
const SLOW_MS = 2500
const TIMEOUT_MS = 60_000

export function network({ settings }, api) {
  const listeners = new Set()
  settings.listen((name) => {
    if (name === 'network') listeners.forEach((tell) => tell(state()))
  })
  const state = () => ({ isConnected: settings.network !== 'cut', networkType: settings.network === 'cut' ? 'none' : 'wifi' })

  async function passed(work, signal) {
    if (settings.network === 'cut') throw new Error('net::ERR_INTERNET_DISCONNECTED')
    if (settings.network === 'slow') await pause(SLOW_MS, signal)
    if (settings.network === 'hanging') await pause(Infinity, signal)
    const answer = await work()
    // Cut after it was sent: the server has it, and the phone does not know.
    if (settings.network === 'cut' || settings.takeLoss()) throw new Error('net::ERR_CONNECTION_RESET')
    return answer
  }

  async function exchange(options, task) {
    const method = (options.method ?? 'GET').toUpperCase()
    if (!METHODS.has(method)) throw new Error(`method is invalid: ${method}`)
    const header = { 'content-type': 'application/json', ...lowerCase(options.header) }
    const { url, body } = addressed(options, method)
    const abort = new AbortController()
    task.abort = () => abort.abort(new Error('abort'))
    const timer = setTimeout(() => abort.abort(new Error('timeout')), options.timeout ?? TIMEOUT_MS)
    try {
      return await passed(async () => {
        const reply = await fetch(settings.address(url), { method, headers: header, body, signal: abort.signal, credentials: 'omit' })
        const data = options.responseType === 'arraybuffer' ? await reply.arrayBuffer() : parsed(await reply.text())
        return { statusCode: reply.status, data, header: Object.fromEntries(reply.headers), cookies: [] }
      }, abort.signal)
    } finally {
      clearTimeout(timer)
    }
  }

  const withTask = (name, work) => (options = {}) => {
    const task = { abort() {}, onProgressUpdate() {}, offProgressUpdate() {}, onHeadersReceived() {}, offHeadersReceived() {} }
    const promise = api(name, (given) => work(given, task))(options)
    return promise ? Object.assign(promise, task) : new Proxy(task, {})
  }

  return {
    request: withTask('request', exchange),
    uploadFile: withTask('uploadFile', (options) => passed(async () => {
      const form = new FormData()
      for (const [name, value] of Object.entries(options.formData ?? {})) form.append(name, value)
      const file = await (await fetch(options.filePath)).blob()
      form.append(options.name, file, 'photo.jpg')
      const reply = await fetch(settings.address(options.url), { method: 'POST', body: form, headers: options.header })
      return { statusCode: reply.status, data: await reply.text() }
    })),
    downloadFile: withTask('downloadFile', (options) => passed(async () => {
      const reply = await fetch(settings.address(options.url), { headers: options.header })
      return { statusCode: reply.status, tempFilePath: URL.createObjectURL(await reply.blob()) }
    })),
    getNetworkType: api('getNetworkType', () => ({ networkType: state().networkType })),
    onNetworkStatusChange: (tell) => listeners.add(tell),
    offNetworkStatusChange: (tell) => listeners.delete(tell),
  }
}

function addressed({ url, data }, method) {
  if (data === undefined) return { url }
  if (method === 'GET') {
    const query = new URLSearchParams(Object.entries(data).filter(([, value]) => value !== undefined)).toString()
    return { url: query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url }
  }
  return { url, body: typeof data === 'string' || data instanceof ArrayBuffer ? data : JSON.stringify(data) }
}

const lowerCase = (header = {}) => Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]))

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (milliseconds !== Infinity) setTimeout(resolve, milliseconds)
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
}
