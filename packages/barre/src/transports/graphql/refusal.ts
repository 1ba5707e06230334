import { GraphQLError } from 'graphql'
import { announce } from '../../core/index.ts'
import type { Call, Denial } from '../../core/index.ts'

/** What the error of a denied field says; the denial's detail stays here. */
export interface FieldRefusal {
  readonly message: string
  readonly extensions: { readonly code: string; readonly scopes?: readonly string[] }
}

/** Publishes the refusal of a field, and phrases it. */
export function announceField(denial: Denial, coordinate: string): FieldRefusal {
  announce(toFieldCall(coordinate), { ok: false, denial, challenges: [], reply: [] })
  const { code, scopes } = denial
  if (code !== 'insufficient_scope') {
    return { message: 'Authentication is required.', extensions: { code: 'UNAUTHENTICATED' } }
  }
  return {
    message: 'The caller lacks a scope.',
    extensions: { code: 'FORBIDDEN', ...(scopes !== undefined && { scopes }) },
  }
}

/** The same as an error of GraphQL's. */
export function refuseField(denial: Denial, coordinate: string): GraphQLError {
  const { message, extensions } = announceField(denial, coordinate)
  return new GraphQLError(message, { extensions: { ...extensions } })
}

/** A field as the audit sees it: the request that asked for it had a decision of its own. */
function toFieldCall(coordinate: string): Call {
  return {
    method: 'FIELD',
    target: coordinate,
    signal: new AbortController().signal,
    peer: { encrypted: false },
    metadata: () => [],
  }
}
