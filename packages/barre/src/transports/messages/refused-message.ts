import type { Refusal } from '../../core/index.ts'
import type { Headers, Message } from './broker.ts'

/** What says on a refused message why it is one. */
export const refusalHeaders = {
  code: 'barre-denial-code',
  entry: 'barre-denial-entry',
  scope: 'barre-denial-scope',
} as const

/** The credential must not lie where others look; a reason that the sender wrote must not pass for ours. */
const withheld: ReadonlySet<string> = new Set(['authorization', 'dpop', ...Object.values(refusalHeaders)])

/** The headers of a refused message's copy: its own, without the credential, and the reason. */
export function refusedHeaders({ headers }: Message, { denial, entry }: Refusal): Headers {
  return [
    ...[...headers].filter(([name]) => !withheld.has(name.toLowerCase())),
    [refusalHeaders.code, denial.code],
    ...(entry === undefined ? [] : [[refusalHeaders.entry, entry] as const]),
    ...(denial.scopes === undefined ? [] : [[refusalHeaders.scope, denial.scopes.join(' ')] as const]),
  ]
}
