import { generateKeyPairSync, randomUUID, sign as createSignature, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TokenServer } from './server.ts'
import { audience, secret } from './server.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const head = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'one' })
const expected = Buffer.from(`Basic ${Buffer.from(`app:${secret}`).toString('base64')}`)

/** What no service can leave out: a request with a body, one comparison, one signature. */
export const limit: TokenServer = {
  name: 'node:http and one signature',
  async listen() {
    const server = createServer((request, response) => {
      const sent = Buffer.from(request.headers.authorization ?? '')
      request.resume().on('end', () => {
        if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) {
          response.writeHead(401).end('{"error":"invalid_client"}')
          return
        }
        response.setHeader('content-type', 'application/json')
        response.end(
          JSON.stringify({ access_token: sign(), token_type: 'Bearer', expires_in: 300, scope: 'read' }),
        )
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  },
}

function sign(): string {
  const iat = Math.floor(Date.now() / 1000)
  const names = { iss: 'https://sts.example', sub: 'app', aud: audience, client_id: 'app', scope: 'read' }
  const input = `${head}.${encode({ ...names, iat, exp: iat + 300, jti: randomUUID() })}`
  // In the form that costs least, which is not the one of a token.
  const signature = createSignature('sha256', Buffer.from(input), privateKey)
  return `${input}.${signature.toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
