import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listen, testGateway, withEcho } from '../../test/fixture.ts'

const paths: [target: string, status: number][] = [
  ['/a//b', 400],
  ['//evil.test/a', 400],
  ['/a/../admin', 400],
  ['/a/./b', 400],
  ['/a/..;/admin', 400],
  ['/a/..;x=1/admin', 400],
  ['/a/%2e%2e/admin', 400],
  ['/a/%2E./admin', 400],
  ['/a%2fb', 400],
  ['/a%2Fb', 400],
  ['/a%5cb', 400],
  ['/a\\b', 400],
  ['/a%00b', 400],
  ['/a%0d%0ab', 400],
  ['/a%c0%afb', 400],
  ['/a%', 400],
  ['/a%zz', 400],
  ['/a;x=1', 400],
  ['/a%3bx', 400],
  ['/a#b', 400],
  ['/a?b#c', 400],
  ['/a?"b"', 200],
  ['http://evil.test/a', 400],
  ['*', 400],
  ['a', 400],
  ['/%61', 200],
  ['/a', 200],
]

test('paths', async (t) => {
  const gateway = await withEcho(t, { auth: false })
  for (const [target, status] of paths) {
    await t.test(`${target} is ${status}`, async () => {
      const answer = await gateway.raw(
        `GET ${target} HTTP/1.1\r\nhost: api.test\r\nconnection: close\r\n\r\n`,
      )
      assert.equal(answer.slice(0, 13), `HTTP/1.1 ${status} `)
    })
  }
})

test('the upstream gets the path that was matched, not another spelling of it', async (t) => {
  const gateway = await withEcho(t, { auth: false, path: '/admin/*' })
  const answer = await gateway.raw('GET /%61dmin/%7euser HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(answer, /"target":"\/admin\/~user"/)
})

const shapes: [claim: string, lines: string[], body: string][] = [
  [
    'Content-Length beside Transfer-Encoding',
    ['content-length: 5', 'transfer-encoding: chunked'],
    '0\r\n\r\n',
  ],
  ['two Content-Lengths', ['content-length: 5', 'content-length: 6'], 'hello'],
  ['a Content-Length list', ['content-length: 5, 5'], 'hello'],
  ['a signed Content-Length', ['content-length: +5'], 'hello'],
  ['a Transfer-Encoding that is not only chunked', ['transfer-encoding: chunked, identity'], '0\r\n\r\n'],
  ['an obscured Transfer-Encoding', ['transfer-encoding: xchunked'], '0\r\n\r\n'],
  ['a space before the colon', ['content-length : 5'], 'hello'],
  ['a folded header', ['x-a: 1', ' transfer-encoding: chunked'], ''],
  ['a bare line feed', ['x-a: 1\nx-b: 2'], ''],
  ['a NUL in a header', ['x-a: \u0000'], ''],
  ['two Hosts', ['host: evil.test'], ''],
  ['a chunk size that is none', ['transfer-encoding: chunked'], 'zz\r\nhello\r\n0\r\n\r\n'],
]

test('request smuggling', async (t) => {
  let arrived = 0
  const { url } = await listen(t, (request, response) => {
    request.on('end', () => arrived++).resume()
    response.end('arrived')
  })
  const gateway = await testGateway(t, url, [{ auth: false }])
  for (const [claim, lines, body] of shapes) {
    await t.test(`refuses ${claim}`, async () => {
      const head = ['POST /a HTTP/1.1', 'host: api.test', 'connection: close', ...lines].join('\r\n')
      const answer = await gateway.raw(`${head}\r\n\r\n${body}`)
      assert.match(answer, /^HTTP\/1\.1 400 /)
      assert.equal(arrived, 0, 'nothing whole reaches the upstream')
    })
  }
})

test('a second request inside a body stays a body', async (t) => {
  const gateway = await withEcho(t, { auth: false })
  const inner = 'GET /admin HTTP/1.1\r\nhost: a\r\n\r\n'
  const answer = await gateway.raw(
    `POST /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`,
  )
  assert.equal(answer.split('HTTP/1.1 200').length, 2)
  assert.match(answer, /"method":"POST","target":"\/a"/)
})

test('routes that do not match', async (t) => {
  const gateway = await withEcho(t, { auth: false, path: '/a', methods: ['GET'] })
  const other = await fetch(`${gateway.url}/b`)
  assert.equal(other.status, 404)
  assert.deepEqual(await other.json(), { error: 'not_found', request_id: other.headers.get('x-request-id') })
  const post = await fetch(`${gateway.url}/a`, { method: 'POST' })
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
})
