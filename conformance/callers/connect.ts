import { ConnectError } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { codeToString } from '@connectrpc/connect/protocol-connect'
import { CredentialError, onBehalfOf, transportOptions } from 'barre/connect'
import type { CallerKit, Outbound } from '../harness/calling-kit.ts'
import { describeServices, toStruct } from '../transports/connect-calls.ts'
import { connect as listener } from '../transports/index.ts'

/** Connect: unary calls, and client streams for what cannot be sent again. */
export const connect: CallerKit = {
  folder: 'connect',
  to: listener,
  connect({ url, resource, auth, services, world }) {
    const secureSocket = { cert: world.authorityFile }
    const options = transportOptions({ baseUrl: url, auth, services, secureSocket })
    const transport = createConnectTransport({ ...options, httpVersion: '1.1', useBinaryFormat: false })
    const [read, , write] = describeServices([resource]).map(({ methods }) => methods[0]!)
    const send = ({ caller, body }: Outbound) =>
      body === 'stream'
        ? transport.stream(
            write as never,
            undefined,
            undefined,
            undefined,
            messages(),
            onBehalfOf({ caller }),
          )
        : transport.unary(read as never, undefined, undefined, undefined, cup, onBehalfOf({ caller }))
    return {
      async call(outbound) {
        try {
          const answer = await send(outbound)
          if (answer.stream) for await (const _ of answer.message) continue
          return { says: 'ok' }
        } catch (error) {
          const { code, cause } = ConnectError.from(error)
          return cause instanceof CredentialError ? { without: cause.code } : { says: codeToString(code) }
        }
      },
      close: () => options.close(),
    }
  },
}

const cup = toStruct({ item: 'cup' })

async function* messages(): AsyncGenerator<never> {
  yield cup as never
}
