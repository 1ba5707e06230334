import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the server got it. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly form: URLSearchParams
}

/** An answer as data, or whatever a test does with the response. */
export type Answer =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body: unknown }
  | ((response: ServerResponse) => void)

export interface OAuthServer {
  readonly url: string
  readonly received: Received[]
  answer: (request: Received) => Answer | Promise<Answer>
  close(): void
}

/** A real server on a free port of loopback: an authorization server as good, or as bad, as a test says. */
export async function startOAuthServer(answer: OAuthServer['answer']): Promise<OAuthServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
      const one = { path: request.url ?? '', headers: request.headers, form }
      received.push(one)
      void Promise.resolve(running.answer(one)).then((given) => send(response, given))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const running: OAuthServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return running
}

function send(response: ServerResponse, answer: Answer): void {
  if (typeof answer === 'function') {
    answer(response)
    return
  }
  const { status = 200, headers, body } = answer
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** An outage in two forms; conformance/faults has the others. */
export const broken: Answer = { status: 500, body: {} }
export const overloaded: Answer = { status: 503, headers: { 'retry-after': '7' }, body: {} }
