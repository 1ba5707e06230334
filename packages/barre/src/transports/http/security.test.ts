import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { protect } from '../../../test/guarded-server.ts'
import { exchange, namedTokens, plainRequest, start, statusOf } from '../../../test/http-wire.ts'

const resources = {
  'GET /public/:file': false,
  'GET /admin': { scopes: 'write' },
  'PUT /admin': { scopes: 'write' },
} as const

async function startGuarded(context: Parameters<typeof start>[1]): Promise<number> {
  const listener = protect(
    { auth: [{ provider: namedTokens() }], resources },
    (request, response, { route }) => {
      response.end(`reached ${request.method} ${route}`)
    },
  )
  return start(createServer(listener), context)
}

const attempts: readonly (readonly [line: string, status: number, ...headers: string[]])[] = [
  // Spellings of a path.
  ['GET /%61dmin', 401],
  ['GET /admin?x', 401],
  ['GET /admin;x', 404],
  ['GET /ADMIN', 404],
  ['GET /admin/', 404],
  ['GET //admin', 400],
  ['GET /public//..//admin', 400],
  ['GET /public/../admin', 400],
  ['GET /public/..;/admin', 400],
  ['GET /public/%2e%2e/admin', 400],
  ['GET /public/..%2fadmin', 400],
  ['GET /public/..%5cadmin', 400],
  ['GET /public/..\\admin', 400],
  ['GET /public/%252e%252e%252fadmin', 200],
  ['GET /admin%00', 400],
  ['GET /admin%0a', 400],
  ['GET /admin#/public/x', 400],
  ['GET /public/x/../../admin', 400],
  // Targets that are no paths.
  ['GET http://test/admin', 400],
  ['GET http://test/public/x', 400],
  ['GET admin', 400],
  ['OPTIONS *', 400],
  // Methods.
  ['get /admin', 400],
  ['TRACE /admin', 405],
  ['OPTIONS /admin', 405],
  ['OPTIONS /admin', 405, 'Origin: https://evil.example', 'Access-Control-Request-Method: PUT'],
  ['HEAD /admin', 401],
  ['POST /admin', 405, 'X-HTTP-Method-Override: GET'],
  ['GET /public/x', 200, 'X-HTTP-Method-Override: PUT'],
  // Other carriers and claims of identity.
  ['GET /admin?access_token=writer', 401],
  ['GET /admin', 401, 'Cookie: authorization=Bearer writer'],
  ['GET /admin', 401, 'Proxy-Authorization: Bearer writer'],
  ['GET /admin', 401, 'X-Original-URL: /public/x', 'X-Rewrite-URL: /public/x'],
  ['GET /admin', 401, 'X-Forwarded-User: writer', 'X-Authenticated-Scope: write', 'X-Principal: writer'],
  ['GET /admin', 401, 'X-Authorization: Bearer writer', 'Authorization_: Bearer writer'],
  ['GET /admin', 400, 'Authorization : Bearer writer'],
  ['GET /admin', 400, 'Authorization: Bearer writer', 'Authorization: Bearer reader'],
  ['GET /admin', 400, 'Authorization: Bearer writer, Bearer reader'],
  ['GET /admin', 400, 'Authorization: Bearer'],
  ['GET /admin', 401, 'Authorization:'],
  ['GET /admin', 401, 'X-Forwarded-Proto: https', 'X-Forwarded-For: 127.0.0.1'],
  // Smuggling.
  ['PUT /admin', 400, 'Content-Length: 5', 'Transfer-Encoding: chunked'],
  ['PUT /admin', 400, 'Content-Length: 5', 'Content-Length: 6'],
  // The way in.
  ['GET /admin', 200, 'Authorization: Bearer writer'],
]

for (const [line, status, ...headers] of attempts) {
  test(`${line} ${headers.join(', ')} answers ${status}`, async (context) => {
    const port = await startGuarded(context)
    const answer = await exchange(port, plainRequest(line, ...headers))
    assert.equal(statusOf(answer), status)
    assert.equal(answer.includes('reached'), status === 200)
    if (
      line.includes('/admin') &&
      !line.startsWith('GET /public/%25') &&
      headers[0] !== 'Authorization: Bearer writer'
    ) {
      assert.ok(!answer.includes('reached'))
    }
  })
}

test('HTTP/1.0 is guarded like HTTP/1.1', async (context) => {
  const port = await startGuarded(context)
  assert.match(await exchange(port, 'GET /admin HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 401 /)
  assert.match(await exchange(port, 'GET /public/x HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
})

test('what follows a refused request on its connection is judged by itself', async (context) => {
  const port = await startGuarded(context)
  const smuggled = 'GET /admin HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer writer\r\n\r\n'
  const first = `PUT /admin HTTP/1.1\r\nHost: test\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`
  const answer = await exchange(port, first + plainRequest('GET /admin'))
  assert.equal(answer.match(/HTTP\/1\.1 401/g)?.length, 2)
  assert.ok(!answer.includes('reached'))
})

test('a client that goes away while it is judged does no harm', async (context) => {
  const port = await startGuarded(context)
  const leave = plainRequest('GET /admin', 'Authorization: Bearer slow-writer')
  await Promise.all(Array.from({ length: 20 }, () => exchange(port, leave, () => true)))
  assert.equal(statusOf(await exchange(port, plainRequest('GET /public/x'))), 200)
})
