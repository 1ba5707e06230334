// An authorization server for the examples, which runs as long as they do: it gives a token for each grant, and says
// what a token is when it is asked (RFC 7662). Yours is a product or the one of your cloud.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** The client of the specification's samples. */
export const client = {
  clientId: '3MVG9YDQS5WtC11paU2WcQjBB3L5w4gz52uriT8ksZ3nUVjKvrfQMrU4uvZohTftxS',
  clientSecret: '9205371918321623741',
}
const clientHeader = `Basic ${btoa(`${client.clientId}:${client.clientSecret}`)}`
/** How a service proves itself when it asks: `admin:admin`, as in the samples. */
const serviceHeader = 'Basic YWRtaW46YWRtaW4='

export interface TokenServer {
  readonly tokenUrl: string
  readonly introspectUrl: string
  /** A token that somebody has obtained before. */
  issue(subject: string, scope: string): string
  close(): void
}

export async function startTokenServer(): Promise<TokenServer> {
  const known = new Map<string, object>()
  const issue = (sub: string, scp: string): string => {
    const [token, exp] = [randomUUID(), Math.floor(Date.now() / 1000) + 300]
    known.set(token, { active: true, sub, scp, aud: 'foo', exp })
    return token
  }
  const give = (form: URLSearchParams): object => {
    const token = issue(form.get('username') ?? 'the client itself', form.get('scope') ?? '')
    return { access_token: token, token_type: 'Bearer', expires_in: 300, refresh_token: randomUUID() }
  }
  const answer = async (request: IncomingMessage): Promise<readonly [number, object]> => {
    const form = new URLSearchParams(await text(request))
    const isToken = request.url === '/oauth2/token'
    if (request.headers.authorization !== (isToken ? clientHeader : serviceHeader)) {
      return [401, { error: 'invalid_client' }]
    }
    return [200, isToken ? give(form) : (known.get(form.get('token') ?? '') ?? { active: false })]
  }
  const server = createServer((request, response) => {
    void answer(request).then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    tokenUrl: `${url}/oauth2/token`,
    introspectUrl: `${url}/oauth2/introspect`,
    issue,
    close: () => server.close(),
  }
}
