import { AxiosError, create } from 'axios'
import { createAdapter, CredentialError } from 'barre/axios'
import type { CallerKit } from '../harness/calling-kit.ts'
import { http } from '../transports/index.ts'

/** axios, by an adapter of ours. */
export const axios: CallerKit = {
  folder: 'axios',
  to: http,
  connect({ url, resource, auth, services, world }) {
    const secureSocket = { cert: world.authorityFile }
    const adapter = createAdapter({ baseUrl: url, auth, services, secureSocket })
    const instance = create({ adapter, validateStatus: () => true })
    return {
      async call({ caller, body }) {
        const text = JSON.stringify({ item: 'cup' })
        try {
          const { status } = await instance.request({
            url: `/${resource}`,
            method: body === undefined ? 'get' : 'post',
            ...(body !== undefined && { data: body === 'text' ? text : new Blob([text]).stream() }),
            fetchOptions: { caller },
          })
          return { says: String(status) }
        } catch (error) {
          if (error instanceof AxiosError && error.cause instanceof CredentialError) {
            return { without: error.cause.code }
          }
          throw error
        }
      },
      close: () => adapter.close(),
    }
  },
}
