import { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import { createInterceptor, CredentialError } from 'barre/undici'
import type { CallerKit } from '../harness/calling-kit.ts'
import { http } from '../transports/index.ts'

/** undici's `request`, by an interceptor of ours. */
export const undici: CallerKit = {
  folder: 'undici',
  to: http,
  connect({ url, resource, auth, services, world }) {
    const interceptor = createInterceptor({ baseUrl: url, auth, services })
    const agent = new Agent({ connect: { ca: world.authority } })
    const dispatcher = agent.compose(interceptor)
    return {
      async call({ caller, body }) {
        const text = JSON.stringify({ item: 'cup' })
        const options = {
          dispatcher,
          caller,
          method: body === undefined ? 'GET' : 'POST',
          ...(body !== undefined && { body: body === 'text' ? text : Readable.from([text]) }),
        } as const
        try {
          const answer = await request(`${url}/${resource}`, options)
          await answer.body.dump()
          return { says: String(answer.statusCode) }
        } catch (error) {
          if (error instanceof CredentialError) return { without: error.code }
          throw error
        }
      },
      async close() {
        await Promise.all([interceptor.close(), agent.destroy()])
      },
    }
  },
}
