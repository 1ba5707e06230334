import { createClient, CredentialError } from 'barre/fetch'
import type { CallerKit, Outbound } from '../harness/calling-kit.ts'
import { http } from '../transports/index.ts'

/** HTTP with the signature of `fetch`. */
export const fetch: CallerKit = {
  folder: 'fetch',
  to: http,
  connect({ url, resource, auth, services, world }) {
    const secureSocket = { cert: world.authorityFile }
    const client = createClient({ baseUrl: url, auth, services, secureSocket })
    return {
      async call({ caller, body }) {
        try {
          const init = body === undefined ? {} : toInit(body)
          const response = await client(`/${resource}`, { caller, ...init })
          await response.text()
          return { says: String(response.status) }
        } catch (error) {
          if (error instanceof CredentialError) return { without: error.code }
          throw error
        }
      },
      close: () => client.close(),
    }
  },
}

function toInit(body: NonNullable<Outbound['body']>): RequestInit {
  const text = JSON.stringify({ item: 'cup' })
  const stream = { body: new Blob([text]).stream(), duplex: 'half' } as const
  return { method: 'POST', ...(body === 'text' ? { body: text } : stream) }
}
