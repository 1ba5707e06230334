import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { callerToken, echo, listen, see, testGateway, withEcho } from '../../test/fixture.ts'
import type { AddressInfo, Socket } from 'node:net'

test('a request arrives as it was sent, but for what the gateway says itself', async (t) => {
  const gateway = await withEcho(t, { auth: false })
  const response = await fetch(`${gateway.url}/order/1?a=1&b=%2F`, {
    method: 'PUT',
    headers: { 'x-trace': 'abc', authorization: 'Bearer secret', 'x-forwarded-for': '6.6.6.6' },
    body: 'hello',
  })
  const seen = await see(response)
  assert.deepEqual([seen.method, seen.target, seen.body], ['PUT', '/order/1?a=1&b=%2F', 'hello'])
  const { headers } = seen
  assert.deepEqual(headers['x-trace'], ['abc'])
  assert.equal(headers['authorization'], undefined)
  assert.deepEqual(headers['x-forwarded-for'], ['127.0.0.1'])
  assert.deepEqual(headers['x-forwarded-host'], ['api.test'])
  assert.deepEqual(headers['x-forwarded-proto'], ['https'])
  assert.match(headers['x-request-id']![0]!, /^[0-9a-f]{32}$/)
  assert.equal(response.headers.get('x-request-id'), headers['x-request-id']![0])
})

test('a route that names its host tells the upstream that host', async (t) => {
  const gateway = await withEcho(t, { auth: false, host: '127.0.0.1' })
  const seen = await see(await fetch(gateway.url, { headers: { 'x-forwarded-host': 'evil.test' } }))
  assert.deepEqual(seen.headers['x-forwarded-host'], ['127.0.0.1'])
})

test('the Host header of a client never becomes X-Forwarded-Host by itself', async (t) => {
  const gateway = await withEcho(t, { auth: false })
  const answer = await gateway.raw('GET / HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n\r\n')
  assert.equal(answer.includes('evil.test'), false)
  assert.match(answer, /"x-forwarded-host":\["api\.test"\]/)
})

test('an answer comes back as it was sent, but for what ends at each hop', async (t) => {
  const { url } = await listen(t, (_request, response) => {
    response.writeHead(418, [
      'Set-Cookie',
      'a=1',
      'Set-Cookie',
      'b=2',
      'X-Secret-Hop',
      'x',
      'Connection',
      'X-Secret-Hop, close',
      'X-Request-Id',
      'theirs',
      'Content-Type',
      'text/plain',
    ])
    response.end('short and stout')
  })
  const gateway = await testGateway(t, url, [{ auth: false }])
  const response = await fetch(gateway.url)
  assert.equal(response.status, 418)
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(response.headers.get('x-secret-hop'), null)
  assert.match(response.headers.get('x-request-id')!, /^[0-9a-f]{32}$/)
  assert.equal(await response.text(), 'short and stout')
})

test('a HEAD request has no body and keeps its length', async (t) => {
  const { url } = await listen(t, (_request, response) =>
    response.writeHead(200, { 'content-length': '7' }).end(),
  )
  const gateway = await testGateway(t, url, [{ auth: false, methods: ['GET'] }])
  const response = await fetch(gateway.url, { method: 'HEAD' })
  assert.deepEqual([response.status, response.headers.get('content-length')], [200, '7'])
})

test('502 when the upstream is down, its request id in the answer', async (t) => {
  const gateway = await testGateway(t, 'http://127.0.0.1:1', [{ auth: false }])
  for (const init of [{}, { method: 'POST', body: 'hello' }]) {
    const response = await fetch(gateway.url, init)
    assert.equal(response.status, 502)
    const id = response.headers.get('x-request-id')
    assert.deepEqual(await response.json(), { error: 'bad_gateway', request_id: id })
  }
})

test('502 when the upstream hangs up or talks nonsense', async (t) => {
  const hangUp = await listen(t, (request) => request.socket.destroy())
  const nonsense = await listen(t, (request) => request.socket.end('HELLO\r\n\r\n'))
  for (const { url } of [hangUp, nonsense]) {
    const gateway = await testGateway(t, url, [{ auth: false }])
    assert.equal((await fetch(gateway.url)).status, 502)
  }
})

test('504 when the upstream does not answer in time', async (t) => {
  const { url } = await listen(t, () => undefined)
  const upstreams = { echo: { url, responseTimeout: 0.05 } }
  const gateway = await testGateway(t, url, [{ auth: false }], { upstreams })
  const response = await fetch(gateway.url)
  assert.equal(response.status, 504)
  assert.equal(((await response.json()) as { error: string }).error, 'gateway_timeout')
})

test('504 when the connection to the upstream is not ready in time', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1')
  t.after(() => silent.close())
  await once(silent, 'listening')
  silent.on('connection', (socket) => t.after(() => socket.destroy()))
  const { port } = silent.address() as AddressInfo
  const url = `https://127.0.0.1:${port}`
  const upstreams = { echo: { url, connectTimeout: 0.05 } }
  const gateway = await testGateway(t, url, [{ auth: false }], { upstreams })
  assert.equal((await fetch(gateway.url)).status, 504)
})

test('an answer that breaks off is not ended as if it were whole', async (t) => {
  const { url } = await listen(t, (request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => request.socket.destroy())
  })
  const gateway = await testGateway(t, url, [{ auth: false }])
  const response = await fetch(gateway.url)
  assert.equal(response.status, 200)
  await assert.rejects(response.text())
})

test('a client that gives up, or sends too much, when its answer has begun harms nobody', async (t) => {
  let gone = Promise.withResolvers<void>()
  const { url } = await listen(t, (request, response) => {
    response.on('close', () => gone.resolve()).write('early')
    request.resume()
  })
  const gateway = await testGateway(t, url, [{ auth: false }], { limits: { maxBodyBytes: 10 } })
  const head = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'
  for (const offend of [
    (socket: Socket): unknown => socket.resetAndDestroy(),
    (socket: Socket): unknown => socket.write('5\r\nhello\r\n1\r\n!\r\n'),
  ]) {
    gone = Promise.withResolvers()
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.on('error', () => undefined).write(head)
    await once(socket, 'data')
    const closed = once(socket.resume(), 'close')
    offend(socket)
    await Promise.all([gone.promise, closed])
  }
  const next = await fetch(gateway.url)
  assert.equal(next.status, 200)
  await next.body?.cancel()
})

function chunked(size: number): ReadableStream {
  return new Blob(['x'.repeat(size)]).stream()
}

test('bodies up to the limit pass, and one byte more does not', async (t) => {
  const { url } = await listen(t, echo)
  const gateway = await testGateway(t, url, [{ auth: false }], { limits: { maxBodyBytes: 10 } })
  const post = (body: string | ReadableStream): Promise<Response> =>
    fetch(gateway.url, { method: 'POST', body, duplex: 'half' })
  assert.equal((await see(await post('x'.repeat(10)))).body.length, 10)
  assert.equal((await see(await post(chunked(10)))).body.length, 10)
  for (const body of ['x'.repeat(11), chunked(11)]) {
    const response = await post(body)
    assert.equal(response.status, 413)
    assert.equal(((await response.json()) as { error: string }).error, 'payload_too_large')
  }
})

test('a request head past the limit is refused', async (t) => {
  const { url } = await listen(t, echo)
  const gateway = await testGateway(t, url, [{ auth: false }], { limits: { maxHeaderBytes: 2048 } })
  const status = async (size: number): Promise<number> =>
    (await fetch(gateway.url, { headers: { 'x-pad': 'x'.repeat(size) } })).status
  assert.equal(await status(1500), 200)
  assert.equal(await status(2048), 431)
})

test('the body is asked for only once the request may pass', async (t) => {
  const gateway = await withEcho(t, {})
  const head =
    'POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\nexpect: 100-continue\r\n'
  const refused = await gateway.raw(`${head}\r\nhello`)
  assert.match(refused, /^HTTP\/1\.1 401 /)
  const allowed = await gateway.raw(`${head}authorization: Bearer ${await callerToken()}\r\n\r\nhello`)
  assert.match(allowed, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  assert.match(allowed, /"body":"hello"/)
})

test('an upgrade is forwarded as the plain request that it also is', async (t) => {
  const gateway = await withEcho(t, { auth: false })
  const answer = await gateway.raw(
    'GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 200 /)
  assert.equal(answer.includes('websocket'), false)
})

test('a tunnel is never opened', async (t) => {
  const gateway = await withEcho(t, { auth: false })
  const answer = await gateway.raw('CONNECT evil.test:443 HTTP/1.1\r\nhost: evil.test:443\r\n\r\n')
  assert.doesNotMatch(answer, /^HTTP\/1\.1 200/)
})
