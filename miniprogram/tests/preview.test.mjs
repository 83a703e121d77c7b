// The preview's own server: a phone's line reaches the server with the headers that a browser cannot send.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { serve } from '../preview/serve.mjs'

const HEADERS = encodeURIComponent(JSON.stringify({ Authorization: 'Bearer mine' }))
const heard = []
let api
let preview

before(async () => {
  api = http.createServer((request, reply) => reply.end())
  api.on('upgrade', (request, socket) => {
    heard.push({ url: request.url, authorization: request.headers.authorization, origin: request.headers.origin })
    if (request.url.startsWith('/closed')) return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst')
    return socket.on('data', (sent) => socket.end(`heard ${sent}`))
  })
  await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve))
  preview = await serve({ api: `http://127.0.0.1:${api.address().port}`, sandbox: 'http://127.0.0.1:1' })
})
after(() => {
  for (const one of [api, preview]) one.close(() => {})
})

/** → { status, told: all that came down the line } */
const line = (path, said) => new Promise((resolve, reject) => {
  const { port } = preview.address()
  const request = http.request({ port, host: '127.0.0.1', path, headers: { Connection: 'Upgrade', Upgrade: 'websocket', Origin: 'http://elsewhere.test' } })
  request.on('upgrade', (answer, socket, first) => {
    let told = String(first)
    socket.on('data', (more) => (told += more))
    socket.on('close', () => resolve({ status: answer.statusCode, told }))
    socket.write(said)
  })
  request.on('response', (answer) => resolve({ status: answer.statusCode, told: '' }))
  request.on('error', reject)
  request.end()
})

test('a line goes both ways, with its headers and without the address of the page', async () => {
  assert.deepEqual(await line(`/api/v1/rides/DC-1/live?preview-headers=${HEADERS}`, 'hello'), { status: 101, told: 'firstheard hello' })
  assert.deepEqual(heard.pop(), { url: '/v1/rides/DC-1/live', authorization: 'Bearer mine', origin: undefined })
})

test('what the server refuses is refused, and nothing else than the server is reached', async () => {
  assert.equal((await line('/api/closed', '')).status, 401)
  await assert.rejects(line('/sandbox/x', ''), /hang up|ECONNRESET/)
})
