import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { compileAuth, createServices } from '../src/auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../src/auth/index.ts'
import { protect as protectWith } from '../src/transports/http/index.ts'
import type { ProtectedListener, RequestHandler, ResourceOptions } from '../src/transports/http/index.ts'
import { namedTokens } from './http-wire.ts'

export type ProtectOptions = ResourceOptions<ResourceAuth> & { readonly auth: AuthConfig }

export function protect({ auth, ...options }: ProtectOptions, listener: RequestHandler): ProtectedListener {
  return protectWith(compileAuth(auth, createServices()), options, listener)
}

export const resources: ProtectOptions['resources'] = {
  'GET /order/:id': false,
  'PUT /order/:id': { scopes: 'write' },
  'GET /order/mine': true,
  'DELETE /order/:id': { scopes: ['write', 'purge'] },
  'GET /maybe': { optional: true },
  'POST /order': { scopes: 'write' },
}

/** A guarded server that tells what its handler got. */
export function createGuarded(options: Partial<ProtectOptions> = {}): {
  server: Server
  provider: ReturnType<typeof namedTokens>
} {
  const provider = namedTokens()
  const listener = protect({ auth: [{ provider }], resources, ...options }, (request, response, context) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => (bytes += chunk.length))
    request.on('end', () => {
      const { route, params, principal } = context
      response.end(JSON.stringify({ route, params, username: principal?.username, bytes }))
    })
  })
  return { server: createServer(listener), provider }
}
