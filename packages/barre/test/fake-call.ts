import type { Call, Peer } from '../src/core/index.ts'
import type { TokenCredential } from '../src/listener/index.ts'

/** A call with this Authorization, or several, or none. */
export function fakeCall(authorization: string | readonly string[] = [], peer: Partial<Peer> = {}): Call {
  const values = typeof authorization === 'string' ? [authorization] : authorization
  return {
    method: 'GET',
    target: 'https://orders.example/order',
    signal: new AbortController().signal,
    peer: { encrypted: true, ...peer },
    metadata: (name) => (name === 'authorization' ? values : []),
  }
}

/** A token as a listener has read it. */
export function bearer(token: string): TokenCredential {
  return { scheme: 'Bearer', token }
}
