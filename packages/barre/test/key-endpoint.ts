import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How an endpoint answers a request. */
export type Respond = (response: ServerResponse) => void

/** A real HTTP server on a free port of loopback that answers, or misbehaves, as a test says. */
export interface KeyEndpoint {
  readonly url: string
  readonly requests: number
  respond: Respond
  close(): void
}

export async function startKeyEndpoint(respond: Respond): Promise<KeyEndpoint> {
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    endpoint.respond(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint: KeyEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    get requests() {
      return requests
    },
    respond,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return endpoint
}

export function json(value: unknown, status = 200): Respond {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
}

/** The endpoint is broken. */
export const failing: Respond = json({}, 500)

/** A new public key for ES256, as a set publishes it. */
export function newJwk(kid?: string): Record<string, unknown> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...publicKey.export({ format: 'jwk' }), ...(kid !== undefined && { kid }) }
}
