import { ConfigError, meet, number, oneOf, toDemand } from '../../core/index.ts'
import type { Demand, Denial, PartAuth, Principal, Rules } from '../../core/index.ts'
import { parseJsonObject } from '../../jose/index.ts'
import { requireOrigin, toResourceTable, toSettings } from '../http/index.ts'
import type { HttpOptions, HttpSettings, ResourceTable } from '../http/index.ts'
import { toOrigins } from './origins.ts'
import type { Origins } from './origins.ts'

/** What one type of message demands. */
export type MessageAuth = PartAuth

/**
 * What a connection may do about its credential after it was opened.
 * `renew`: the client sends another one before the old one ends. `authenticate`: it may also be opened without one, and
 * the first message brings it. `handler`: the same, and the handler reads the messages that come before
 * (`context.authenticate`).
 */
export type InBand = 'renew' | 'authenticate' | 'handler'

export interface WebSocketOptions<Auth> extends HttpOptions {
  /** `'/path/:name'` to what a connection there demands; `true` is the service's `auth` as it is, `false` is open. */
  readonly resources: Readonly<Record<string, Auth | true>>
  /** The web origins whose pages may connect (`https://shop.example`); default: that of `publicOrigin` alone. */
  readonly allowedOrigins?: readonly string[]
  /** Subprotocols that the handler speaks, the best first; default none. */
  readonly subprotocols?: readonly string[]
  /** Accept a token as a subprotocol named `barre.bearer.` and the token in base64url. */
  readonly tokenInSubprotocol?: boolean
  /** Types of messages and what each demands; a type in no row is refused, unless there is a row `'*'`. */
  readonly messages?: Readonly<Record<string, MessageAuth>>
  /** Where a message says its type: a member of its JSON text, or what this function finds. */
  readonly dispatcherKey?: string | ((message: Buffer, isBinary: boolean) => string | undefined)
  /** Answers a refused message; without it the connection closes. */
  readonly refuseMessage?: (denial: Pick<Denial, 'code' | 'scopes'>, type: string | undefined) => string
  readonly inBand?: InBand
  /** The longest message, in bytes; default 65,536. */
  readonly maxFrameSize?: number
  /** How long a connection that was opened without a credential may go without one, in seconds; default 10. */
  readonly initTimeoutSeconds?: number
  /** Connections without a principal at one time, those being decided included; default 1,000. */
  readonly unauthenticatedMax?: number
}

/** Checked WebSocketOptions. */
export interface WebSocketSettings {
  readonly http: HttpSettings
  readonly table: ResourceTable
  readonly origins: Origins
  readonly subprotocols: readonly string[]
  readonly tokenInSubprotocol: boolean
  readonly messages: MessageTable | undefined
  readonly refuseMessage: WebSocketOptions<unknown>['refuseMessage']
  readonly inBand: InBand | undefined
  readonly maxFrameSize: number
  readonly initTimeoutMs: number
  readonly unauthenticatedMax: number
}

/** Judges messages. */
interface MessageTable {
  /** The refusal of a message, if it is one, and its type. */
  judge(
    message: Buffer,
    isBinary: boolean,
    principal: Principal | undefined,
  ): { readonly denial: Denial; readonly type: string | undefined } | undefined
}

// RFC 9110 §5.6.2.
const token = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/

export function toWebSocketSettings(options: WebSocketOptions<unknown>, rules: Rules): WebSocketSettings {
  const { initTimeoutSeconds = 10, maxFrameSize = 65_536, unauthenticatedMax = 1000, inBand } = options
  const http = toSettings(options)
  requireOrigin(rules, http)
  const subprotocols = options.subprotocols ?? []
  subprotocols.forEach((name, index) => {
    if (token.test(name) && !name.startsWith(tokenProtocol)) return
    throw new ConfigError(
      `subprotocols[${index}]`,
      'expected a name of visible characters, such as graphql-transport-ws',
    )
  })
  return {
    http,
    table: toResourceTable(options.resources, rules, 'GET'),
    origins: toOrigins(options.allowedOrigins, http.origin),
    subprotocols,
    tokenInSubprotocol: options.tokenInSubprotocol === true,
    messages: toMessageTable(options, rules),
    refuseMessage: options.refuseMessage,
    inBand: inBand && oneOf('renew', 'authenticate', 'handler').check(inBand, 'inBand'),
    maxFrameSize: number({ min: 1, integer: true, unit: 'bytes' }).check(maxFrameSize, 'maxFrameSize'),
    initTimeoutMs:
      number({ min: 1, max: 3600, unit: 'seconds' }).check(initTimeoutSeconds, 'initTimeoutSeconds') * 1000,
    unauthenticatedMax: number({ min: 1, integer: true }).check(unauthenticatedMax, 'unauthenticatedMax'),
  }
}

/** How a subprotocol begins that is a token. */
export const tokenProtocol = 'barre.bearer.'

function toMessageTable(options: WebSocketOptions<unknown>, rules: Rules): MessageTable | undefined {
  const { messages, dispatcherKey, maxFrameSize } = options
  if (messages === undefined) return undefined
  if (dispatcherKey === undefined) {
    throw new ConfigError(
      'dispatcherKey',
      'messages need it: the JSON member that holds the type of a message',
    )
  }
  const demands = new Map<string, Demand>()
  for (const [type, auth] of Object.entries(messages)) {
    demands.set(type, toDemand(rules, auth, `messages[${JSON.stringify(type)}]`))
  }
  const typeOf = typeof dispatcherKey === 'string' ? jsonMember(dispatcherKey, maxFrameSize) : dispatcherKey
  return {
    judge(message, isBinary, principal) {
      const type = typeOf(message, isBinary)
      // '*' is the row for the rest, not the name of a type.
      const known = type === undefined || type === '*' ? undefined : demands.get(type)
      const denial = meet(known ?? demands.get('*') ?? nobody, principal)
      return denial && { denial, type }
    },
  }
}

/** No scope has a space, so nobody holds this one. */
const nobody: Demand = { isOpen: false, scopes: [] }

/** Strict JSON: what has two members of the name has two types, and none is found. */
function jsonMember(name: string, maxBytes: number | undefined) {
  return (message: Buffer, isBinary: boolean): string | undefined => {
    if (isBinary) return undefined
    const parsed = parseJsonObject(message, 'the message', maxBytes ?? 65_536)
    const type = parsed.ok && Object.hasOwn(parsed.value, name) ? parsed.value[name] : undefined
    return typeof type === 'string' ? type : undefined
  }
}
