import type { Call } from '../../core/index.ts'
import type { Message } from './broker.ts'

/** Nobody gives a message up while it is judged. */
const never = new AbortController().signal

/** The view of a message that providers get. `trustsTime`: the broker's clock says when it was sent. */
export function toCall(message: Message, trustsTime: boolean): Call {
  const { receivedAtMs } = message
  return {
    method: 'CONSUME',
    target: message.target,
    signal: never,
    // The connection is the broker's: it proves nothing about who sent the message.
    peer: { encrypted: false },
    metadata: (name) => valuesOf(message.headers, name),
    payload: () => message.payload,
    delivery: message.delivery,
    ...(trustsTime && receivedAtMs !== undefined && { madeAtMs: receivedAtMs }),
  }
}

/** Every value of a header: brokers tell `Authorization` and `authorization` apart, and either may be meant. */
function valuesOf(headers: Message['headers'], name: string): readonly string[] {
  const values: string[] = []
  for (const [given, value] of headers) if (given.toLowerCase() === name) values.push(value)
  return values
}
