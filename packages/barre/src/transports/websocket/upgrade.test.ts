import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { exchange, plainRequest, statusOf } from '../../../test/http-wire.ts'
import { ask, isOpen, open, say, serveSockets } from '../../../test/websocket-wire.ts'

const resources = {
  '/live': true,
  '/open': false,
  '/maybe': { optional: true },
  '/rooms/:room': { scopes: 'write' },
} as const

const verdicts = [
  ['/live', undefined, 401, 'Bearer'],
  ['/live', 'mallory', 401, 'Bearer error="invalid"'],
  ['/live', 'slow-mallory', 401, 'Bearer error="invalid"'],
  ['/live', 'expired', 401, 'Bearer error="expired"'],
  ['/live', 'alice.-1', 401, 'Bearer error="expired"'],
  ['/live', 'down', 503, undefined],
  ['/live', 'throttled', 429, undefined],
  ['/rooms/1', 'alice', 403, 'Bearer error="insufficient_scope"'],
  ['/maybe', 'mallory', 401, 'Bearer error="invalid"'],
  ['/unknown', 'alice', 404, undefined],
  ['/live/../open', 'alice', 400, undefined],
  ['/%6cive', undefined, 401, 'Bearer'],
] as const
for (const [path, token, status, challenge] of verdicts) {
  test(`${path} with ${token ?? 'nothing'} is ${status} before 101`, async (context) => {
    const { port, provider } = await serveSockets(context, { resources })
    const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`]
    const answer = await exchange(port, handshake(path, ...authorization))
    assert.equal(statusOf(answer), status)
    assert.equal(/^www-authenticate: (.*)$/m.exec(answer)?.[1], challenge)
    assert.doesNotMatch(answer, /secret detail|101/)
    if (token !== undefined && status === 401)
      assert.equal(provider.calls[0], `UPGRADE ${path.replace('%6c', 'l')} ${token}`)
  })
}

function handshake(path: string, ...headers: readonly string[]): string {
  return plainRequest(
    `GET ${path}`,
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  ).replace('Connection: close', 'Connection: Upgrade')
}

const admitted = [
  ['/live', 'alice', 'alice'],
  ['/live', 'slow-alice', 'alice'],
  ['/open', undefined, 'nobody'],
  ['/open', 'mallory', 'nobody'],
  ['/maybe', undefined, 'nobody'],
  ['/maybe', 'bob', 'bob'],
  ['/rooms/1', 'alice.60.write', 'alice'],
] as const
for (const [path, token, name] of admitted) {
  test(`${path} with ${token ?? 'nothing'} is opened for ${name}`, async (context) => {
    const { port } = await serveSockets(context, { resources })
    const socket = await open(`ws://127.0.0.1:${port}${path}`, token)
    assert.equal(await say(socket, 'hello'), `${name}: hello`)
  })
}

test('the handler gets the route and the request, and the answer what the provider sends', async (context) => {
  const { port } = await serveSockets(
    context,
    { resources },
    (socket, { route, params, request, principal }) => {
      socket.send(JSON.stringify([route, params, request.url, principal?.username]))
    },
  )
  const lines = await exchange(port, handshake('/rooms/7?x', 'Authorization: Bearer alice.9.write'), (text) =>
    text.includes(']'),
  )
  assert.equal(statusOf(lines), 101)
  assert.match(lines, /^x-proof: seen\r$/m)
  assert.ok(lines.includes('["/rooms/:room",{"room":"7"},"/rooms/7?x","alice"]'))
})

const origins = [
  [undefined, 101],
  ['https://shop.example', 101],
  ['https://orders.example', 101],
  ['https://evil.example', 403],
  ['https://shop.example.evil.example', 403],
  ['http://shop.example', 403],
  ['https://shop.example:8443', 403],
  ['HTTPS://shop.example', 403],
  ['null', 403],
  ['', 403],
] as const
for (const [origin, status] of origins) {
  for (const [path, token] of [
    ['/live', 'alice'],
    ['/open', undefined],
  ] as const) {
    test(`${path} from a page of ${origin ?? 'nowhere'} is ${status}`, async (context) => {
      const { port, provider } = await serveSockets(context, {
        resources,
        publicOrigin: 'https://orders.example',
        allowedOrigins: ['https://shop.example'],
      })
      const headers = [
        ...(origin === undefined ? [] : [`Origin: ${origin}`]),
        ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
      ]
      assert.equal(
        statusOf(await exchange(port, handshake(path, ...headers), (text) => text.includes('\r\n\r\n'))),
        status,
      )
      if (status === 403) assert.deepEqual(provider.calls, [])
    })
  }
}

test('two Origins, of which one is allowed, are refused', async (context) => {
  const { port } = await serveSockets(context, { allowedOrigins: ['https://shop.example'] })
  const answer = await exchange(
    port,
    handshake(
      '/live',
      'Authorization: Bearer alice',
      'Origin: https://shop.example',
      'Origin: https://evil.example',
    ),
  )
  assert.equal(statusOf(answer), 403)
})

const carried = `barre.bearer.${Buffer.from('alice').toString('base64url')}`

test('a token in a subprotocol is taken where that is enabled, and never echoed', async (context) => {
  const { url } = await serveSockets(context, {
    tokenInSubprotocol: true,
    subprotocols: ['orders.v2', 'orders.v1'],
  })
  const socket = await open(url, undefined, { protocols: [carried, 'orders.v1', 'orders.v2'] })
  assert.equal(socket.protocol, 'orders.v2')
  assert.equal(await say(socket, 'hello'), 'alice: hello')
})

test('where the token is the one subprotocol offered, none is answered', async (context) => {
  const { port } = await serveSockets(context, { tokenInSubprotocol: true })
  const answer = await exchange(port, handshake('/live', `Sec-WebSocket-Protocol: ${carried}`), (text) =>
    text.includes('\r\n\r\n'),
  )
  assert.equal(statusOf(answer), 101)
  assert.doesNotMatch(answer, /sec-websocket-protocol|YWxpY2U/i)
})

for (const [name, options, headers, status] of [
  ['a token in a subprotocol by default', {}, [`Sec-WebSocket-Protocol: ${carried}`], 401],
  [
    'a token in a subprotocol and another in the header',
    { tokenInSubprotocol: true },
    [`Sec-WebSocket-Protocol: ${carried}`, 'Authorization: Bearer alice'],
    400,
  ],
  [
    'two tokens in subprotocols',
    { tokenInSubprotocol: true },
    [`Sec-WebSocket-Protocol: ${carried}, ${carried}`],
    400,
  ],
  [
    'an empty token in a subprotocol',
    { tokenInSubprotocol: true },
    ['Sec-WebSocket-Protocol: barre.bearer.'],
    400,
  ],
  [
    'a line break in a subprotocol',
    { tokenInSubprotocol: true },
    [`Sec-WebSocket-Protocol: barre.bearer.${Buffer.from('a\r\nb').toString('base64url')}`],
    400,
  ],
  ['two headers', {}, ['Authorization: Bearer alice', 'Authorization: Bearer alice'], 400],
] as const) {
  test(`${name}: ${status}`, async (context) => {
    const { port } = await serveSockets(context, options)
    assert.equal(statusOf(await exchange(port, handshake('/live', ...headers))), status)
  })
}

test('a token in the query is no credential', async (context) => {
  const { url } = await serveSockets(context)
  for (const name of ['access_token', 'token', 'authorization']) {
    const asked = await ask(`${url}?${name}=alice`)
    assert.ok(!isOpen(asked))
    assert.equal(asked.status, 401)
  }
})

test('no more connections without a principal than unauthenticatedMax', async (context) => {
  const { url, port, provider } = await serveSockets(context, {
    resources: { '/live': true, '/maybe': { optional: true } },
    unauthenticatedMax: 2,
  })
  const maybe = url.replace('live', 'maybe')
  const anonymous = [await open(maybe), await open(maybe)]
  for (const [address, token] of [
    [maybe, undefined],
    [url, 'alice'],
  ] as const) {
    const asked = await ask(address, token)
    assert.ok(!isOpen(asked))
    assert.deepEqual([asked.status, asked.headers['retry-after']], [503, '1'])
  }
  assert.deepEqual(provider.calls, [])
  const closed = new Promise((resolve) => anonymous[0]!.once('close', resolve))
  anonymous[0]!.close()
  await closed
  await open(url, 'alice')
  await open(url, 'slow-alice')
  // Refused ones and broken handshakes give their place back too.
  assert.equal(statusOf(await exchange(port, handshake('/live', 'Authorization: Bearer mallory'))), 401)
  const broken = handshake('/live', 'Authorization: Bearer alice').replace('Version: 13', 'Version: 99')
  assert.equal(statusOf(await exchange(port, broken)), 400)
  await open(maybe)
})

test('a message that is longer than maxFrameSize ends the connection, and nothing else', async (context) => {
  const { url } = await serveSockets(context, { maxFrameSize: 100 })
  const socket = await open(url, 'alice')
  assert.equal(await say(socket, 'x'.repeat(100)), `alice: ${'x'.repeat(100)}`)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.send('x'.repeat(101))
  assert.equal(await closed, 1009)
  await open(url, 'alice')
})

test("other paths are left to the server's other listeners, and are 404 where there are none", async (context) => {
  const server = createServer()
  const { port } = await serveSockets(context, {}, undefined, server)
  assert.equal(statusOf(await exchange(port, handshake('/other'))), 404)
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 418 Teapot\r\n\r\n'))
  assert.equal(statusOf(await exchange(port, handshake('/other'))), 418)
  assert.equal(statusOf(await exchange(port, handshake('/live'))), 401)
})

test('close ends every connection with 1001', async (context) => {
  const { live, url } = await serveSockets(context)
  const socket = await open(url, 'alice')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await live.close()
  assert.equal(await closed, 1001)
})
