// node preview/serve.mjs [--api ADDRESS] [--sandbox ADDRESS] [--port N]: the preview on one address, which passes /api on to
// the server and /sandbox to the stand-in for WeChat, so that the browser needs no permission to cross origins.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { APP, page, program, runtime } from './build.mjs'
import { HEADERS } from './runtime/wx/sockets.js'

const { BASE } = createRequire(import.meta.url)(path.join(APP, 'config.js'))
const TYPES = { '.png': 'image/png', '.jpg': 'image/jpeg', '.svg': 'image/svg+xml' }

/** api, sandbox: addresses such as http://127.0.0.1:8000. → a listening http.Server */
export async function serve({ api, sandbox, port = 0, fd, host = '127.0.0.1' }) {
  const framework = await runtime()
  const server = http.createServer((request, reply) => answer(request, reply).catch((error) => fail(reply, error)))
  server.on('upgrade', (request, socket, head) => live(request, socket, head, api))
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(fd === undefined ? { port, host } : { fd }, resolve)
  })
  return server

  async function answer(request, reply) {
    const { pathname } = new URL(request.url, 'http://preview')
    if (pathname.startsWith('/api/')) return pass(request, reply, api, request.url.slice('/api'.length))
    if (pathname.startsWith('/sandbox/')) return pass(request, reply, sandbox, request.url.slice('/sandbox'.length))
    if (pathname === '/') return send(reply, 'text/html', page({ origins: [{ from: BASE.develop, to: '/api' }, { from: '/files/', to: '/api/files/' }], sandbox: '/sandbox', assets: '/assets' }))
    if (pathname === '/runtime.js') return send(reply, 'text/javascript', framework)
    if (pathname === '/program.js') return send(reply, 'text/javascript', await program())
    if (pathname.startsWith('/assets/')) return asset(reply, pathname.slice('/assets/'.length))
    return send(reply, 'text/plain', 'not found', 404)
  }
}

function send(reply, type, body, status = 200) {
  reply.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' })
  reply.end(body)
}

/** What does not compile is shown where it will be seen. */
function fail(reply, error) {
  console.error(error.message)
  if (reply.headersSent) return reply.destroy()
  const told = JSON.stringify(`小程序没有编译成功：\n${error.message}`)
  return send(reply, 'text/javascript', `document.body.innerHTML = '<pre></pre>'; document.querySelector('pre').textContent = ${told}`)
}

function asset(reply, name) {
  const file = path.join(APP, path.normalize(decodeURIComponent(name)))
  if (!file.startsWith(APP + path.sep) || !TYPES[path.extname(file)] || !fs.existsSync(file)) return send(reply, 'text/plain', 'not found', 404)
  reply.writeHead(200, { 'content-type': TYPES[path.extname(file)] })
  return fs.createReadStream(file).pipe(reply)
}

function pass(request, reply, origin, url) {
  const onward = http.request(new URL(url, origin), { method: request.method, headers: { ...request.headers, host: new URL(origin).host } }, (answer) => {
    reply.writeHead(answer.statusCode, answer.headers)
    answer.pipe(reply)
  })
  onward.on('error', () => (reply.headersSent ? reply.destroy() : send(reply, 'text/plain', 'no answer', 502)))
  request.pipe(onward)
}

/** A WebSocket of the phone's, with the headers that it could not send by itself. */
function live(request, socket, head, api) {
  const wanted = new URL(request.url, 'http://preview')
  socket.on('error', () => socket.destroy())
  if (!wanted.pathname.startsWith('/api/')) return socket.destroy()
  const given = JSON.parse(wanted.searchParams.get(HEADERS) ?? '{}')
  wanted.searchParams.delete(HEADERS)
  const headers = { ...request.headers, ...given, host: new URL(api).host }
  delete headers.origin
  const onward = http.request(new URL(wanted.pathname.slice('/api'.length) + wanted.search, api), { headers })
  const told = (answer) => `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${answer.rawHeaders.map((one, at) => (at % 2 ? `${one}\r\n` : `${one}: `)).join('')}\r\n`
  onward.on('upgrade', (answer, upstream, first) => {
    socket.write(told(answer))
    socket.write(first)
    upstream.write(head)
    upstream.on('error', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  onward.on('response', (answer) => {
    socket.end(told(answer))
    answer.resume()
  })
  onward.on('error', () => socket.destroy())
  return onward.end()
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: {
      api: { type: 'string', default: 'http://127.0.0.1:8000' },
      sandbox: { type: 'string', default: 'http://127.0.0.1:8001' },
      port: { type: 'string', default: '8002' },
      fd: { type: 'string' },
      'ready-fd': { type: 'string' },
    },
  })
  const server = await serve({ ...values, port: Number(values.port), fd: values.fd && Number(values.fd) })
  if (values['ready-fd']) fs.writeSync(Number(values['ready-fd']), '1')
  else console.log(`preview on http://127.0.0.1:${server.address().port}`)
  process.on('SIGTERM', () => {
    server.close(() => process.exit(0))
    server.closeAllConnections()
  })
}
