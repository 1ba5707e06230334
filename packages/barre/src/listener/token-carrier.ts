import {
  allowQueryToken,
  brokenCredential,
  flag,
  isToken68,
  ok,
  optional,
  readAuthorizationText,
  refuse,
} from '../core/index.ts'
import type { Call, OptionalShape, Reply, Result } from '../core/index.ts'

/** An access token as it was presented. */
export interface TokenCredential {
  readonly scheme: 'Bearer' | 'DPoP'
  /** Its characters are not looked at: `isToken68` does, before it is refused for another reason. */
  readonly token: string
  /** What an answer to this carrier must say. */
  readonly reply?: Reply
}

/** What a configuration says about the ways a token may come. */
export interface CarrierOptions {
  /** Accept a token as `access_token` in the query of the URL (RFC 6750 §2.3), where logs and histories keep it. */
  readonly [allowQueryToken]?: boolean
}

/** The member of a configuration's shape. */
export const queryTokenShape: OptionalShape<boolean> = optional(flag())

/** RFC 6750 §2.3: a cache must not serve what a URL with a token has answered. */
const privateAnswer: Reply = [['cache-control', 'private']]

/**
 * Reads the one access token of a call: `Authorization: Bearer`, with `takesDpop` also `DPoP`, and the query only where
 * the configuration names it. A token beside another one is `malformed` (RFC 6750 §2), in a query that is not read
 * too: what is behind us might read it.
 */
export function readToken(
  call: Call,
  options: CarrierOptions,
  takesDpop: boolean,
): Result<TokenCredential> | undefined {
  const scheme = takesDpop && isDpop(call) ? 'DPoP' : 'Bearer'
  const header = readAuthorizationText(call, scheme)
  if (header?.ok === false) return header
  const inQuery = call.parameters?.('access_token') ?? []
  if (header !== undefined) {
    return inQuery.length === 0 ? ok({ scheme, token: header.value }) : severalTokens
  }
  return options[allowQueryToken] === true ? readQuery(call, inQuery) : undefined
}

/** The same, and its characters are looked at. */
export function readToken68(
  call: Call,
  options: CarrierOptions,
  takesDpop: boolean,
): Result<TokenCredential> | undefined {
  const read = readToken(call, options, takesDpop)
  return read?.ok === true && !isToken68(read.value.token) ? brokenCredential(read.value.scheme) : read
}

const severalTokens = refuse('malformed', 'a token in the query beside another credential')

function isDpop(call: Call): boolean {
  return /^dpop( |$)/i.test(call.metadata('authorization')[0] ?? '')
}

function readQuery(call: Call, [token, second]: readonly string[]): Result<TokenCredential> | undefined {
  if (token === undefined) return undefined
  if (second !== undefined || call.metadata('authorization').length > 0) return severalTokens
  return isToken68(token) ? ok({ scheme: 'Bearer', token, reply: privateAnswer }) : brokenCredential('Bearer')
}
