import { Client } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import { createClient, CredentialError, onBehalfOf } from 'barre/grpc'
import type { CallerKit, Outbound } from '../harness/calling-kit.ts'
import { defineMethod } from '../transports/grpc-calls.ts'
import { grpc as listener } from '../transports/index.ts'

/** gRPC: unary calls, and client streams for what cannot be sent again. */
export const grpc: CallerKit = {
  folder: 'grpc',
  to: listener,
  connect({ url, resource, auth, services, world }) {
    const client = createClient(Client, { url, auth, services, secureSocket: { cert: world.authorityFile } })
    return {
      async call({ caller, body }) {
        const error = await invoke(client, resource, onBehalfOf({ caller }), body)
        if (error?.cause instanceof CredentialError) return { without: error.cause.code }
        return { says: String(error?.code ?? 0) }
      },
      close: async () => client.close(),
    }
  },
}

function invoke(
  client: Client,
  resource: string,
  metadata: ReturnType<typeof onBehalfOf>,
  body: Outbound['body'],
): Promise<ServiceError | null> {
  const { path, requestSerialize, responseDeserialize } = defineMethod(
    body === 'stream' ? 'write' : 'read',
    resource,
  )
  const message = { item: 'cup' }
  return new Promise((resolve) => {
    if (body !== 'stream') {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, resolve)
    } else {
      client
        .makeClientStreamRequest(path, requestSerialize, responseDeserialize, metadata, resolve)
        .end(message)
    }
  })
}
