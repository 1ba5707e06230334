import { createHash } from 'node:crypto'
import type { Call } from '../core/index.ts'

/**
 * Why a token with a `cnf` claim (RFC 7800) may not come this way. A Bearer credential brings no proof of a key
 * along; a client certificate is proven by the connection of the call, where there is one.
 */
export function bindingProblem(confirmation: unknown, call: Call | undefined): string | undefined {
  if (confirmation === undefined) return undefined
  const isRecord = typeof confirmation === 'object' && confirmation !== null
  const members: Record<string, unknown> = isRecord ? { ...confirmation } : {}
  const { 'x5t#S256': thumbprint, ...others } = members
  if (typeof thumbprint !== 'string' || Object.keys(others).length > 0) {
    return 'the token is bound to a key whose proof a Bearer credential cannot carry'
  }
  const certificate = call?.peer.certificate
  if (certificate === undefined) return 'the token is bound to a client certificate, and none was shown'
  // RFC 8705 §3.1
  const shown = createHash('sha256').update(certificate).digest('base64url')
  return shown === thumbprint ? undefined : 'the token is bound to another client certificate'
}
