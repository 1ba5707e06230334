import { createPublisher, CredentialError } from 'barre/websub'
import type { CallerKit } from '../harness/calling-kit.ts'
import { http } from '../transports/index.ts'

/** A WebSub publisher; its hub is a resource like another. */
export const websub: CallerKit = {
  folder: 'websub',
  to: http,
  connect({ url, resource, auth, services, world }) {
    const secureSocket = { cert: world.authorityFile }
    const publisher = createPublisher({ hub: `${url}/${resource}`, auth, services, secureSocket })
    return {
      async call({ caller, body }) {
        const text = JSON.stringify({ item: 'cup' })
        const content = body === 'stream' ? new Blob([text]).stream() : text
        try {
          const update = { contentType: 'application/json', content }
          const response = await publisher.publishUpdate('https://news.example/', update, {
            ...(caller && { caller }),
          })
          await response.text()
          return { says: String(response.status) }
        } catch (error) {
          if (error instanceof CredentialError) return { without: error.code }
          throw error
        }
      },
      close: () => publisher.close(),
    }
  },
}
