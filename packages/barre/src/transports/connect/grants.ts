import { createContextKey } from '@connectrpc/connect'
import type { ContextKey, ContextValues } from '@connectrpc/connect'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Principal } from '../../core/index.ts'

export type NativeRequest = IncomingMessage | Http2ServerRequest
export type NativeResponse = ServerResponse | Http2ServerResponse

/** A call as Node has it, which tells more than Connect's form of it. */
export interface Native {
  readonly request: NativeRequest
  readonly response: NativeResponse
}

/** What the gate found out about a call that it let in. */
export interface Grant {
  readonly principal: Principal | undefined
}

export const nativeKey: ContextKey<Native | undefined> = createContextKey(undefined, {
  description: 'barre: the request of the call',
})

export const grantKey: ContextKey<Grant | undefined> = createContextKey(undefined, {
  description: 'barre: what the gate said',
})

/** Who called, from a handler's context; absent where the method is open, or optional and nobody authenticated. */
export function principalOf({ values }: { readonly values: ContextValues }): Principal | undefined {
  return values.get(grantKey)?.principal
}
