import type { HandlerContext } from '@connectrpc/connect'
import type { IncomingMessage } from 'node:http'
import type { Awaitable, Call, Decision } from '../../core/index.ts'
import { hasLongBody, sendable, serverOf, toCall } from '../http/index.ts'
import type { Checked, HttpSettings } from '../http/index.ts'
import { toConnectError } from './codes.ts'
import { grantKey, nativeKey } from './grants.ts'
import type { MethodTable } from './guarded-router.ts'

/** Lets a call in or refuses it, when Connect has read its headers and nothing of its messages. */
export function requestGate(
  methods: MethodTable,
  checked: Checked,
  settings: HttpSettings,
): (context: HandlerContext) => Promise<void> {
  return async (context) => {
    const native = context.values.get(nativeKey)
    const method = methods.get(context.method)
    if (native === undefined || method === undefined) throw new Error('an RPC came past its guard')
    const request = native.request as IncomingMessage
    const decide = (): Awaitable<Decision> =>
      method.policy === undefined
        ? { ok: true, reply: [] }
        : checked.decide(method.policy, toConnectCall(request, context, settings), serverOf(request))
    const decision = await decide()
    if (!decision.ok) {
      // Else Connect throws the rest of the body away, so that the connection can serve the next call.
      if (hasLongBody(request)) context.responseHeader.set('connection', 'close')
      throw toConnectError(decision)
    }
    for (const [name, value] of sendable(decision.reply)) context.responseHeader.append(name, value)
    context.values.set(grantKey, { principal: decision.principal })
  }
}

/** The view of an RPC that providers get: an HTTP request, whose deadline ends what is done for it. */
function toConnectCall(request: IncomingMessage, context: HandlerContext, settings: HttpSettings): Call {
  const path = (request.url ?? '').split('?', 1)[0]!
  const call = toCall(request, path, settings)
  return {
    method: call.method,
    target: call.target,
    signal: context.signal,
    get peer() {
      return call.peer
    },
    metadata: (name) => call.metadata(name),
  }
}
