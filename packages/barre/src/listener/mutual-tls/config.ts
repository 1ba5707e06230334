import { ConfigError, isRecord, list, record, text } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'

/** Which certificates let a caller in, and with which scopes. */
export type MutualTlsConfig = NamedIdentities | AnyFromCa

/** The callers named one by one. */
export interface NamedIdentities {
  /** `spiffe://domain/path`, `dns:name`, `cn:name` or `email:address`, to scopes; the first that fits counts. */
  readonly identities: Readonly<Record<string, readonly string[]>>
  readonly anyFromCa?: never
}

/** Everyone whose certificate the listener's trusted CA signed. */
export interface AnyFromCa {
  /** Their scopes. */
  readonly anyFromCa: readonly string[]
  readonly identities?: never
}

const scopes = list(text())

// SPIFFE-ID §2: a lower-case trust domain and plain path segments; none of them `.` or `..`, no percent
// signs.
const spiffe = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+$/
const dns = /^dns:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const forms: readonly RegExp[] = [
  spiffe,
  dns,
  /^cn:\P{Cc}+$/u,
  /^email:[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/,
]

/** DNS names are taken in any case. */
function patternOf(form: RegExp): string {
  return form === dns ? form.source.replaceAll('a-z', 'A-Za-z') : form.source
}

const identities: Shape<Readonly<Record<string, readonly string[]>>> = {
  check(value, path) {
    if (!isRecord(value) || Object.keys(value).length === 0) {
      throw new ConfigError(path, 'expected a table from identities to scopes, with at least one')
    }
    const checked = Object.create(null) as Record<string, readonly string[]>
    for (const [identity, held] of Object.entries(value)) {
      checked[toIdentity(identity, path)] = scopes.check(held, `${path}["${identity}"]`)
    }
    return Object.freeze(checked)
  },
  json: {
    type: 'object',
    propertyNames: { anyOf: forms.map((form) => ({ pattern: patternOf(form) })) },
    additionalProperties: scopes.json,
    minProperties: 1,
  },
}

function toIdentity(given: string, path: string): string {
  const identity = given.startsWith('dns:') ? given.toLowerCase() : given
  if (forms.some((form) => form.test(identity))) return identity
  throw new ConfigError(
    `${path}["${given}"]`,
    'expected spiffe://domain/path, dns:name, cn:name or email:address',
  )
}

const byName = record<{ readonly identities: NamedIdentities['identities'] }>({ identities })
const byCa = record<{ readonly anyFromCa: AnyFromCa['anyFromCa'] }>({ anyFromCa: scopes })

export const mutualTlsShape: Shape<MutualTlsConfig> = {
  check(value, path) {
    const named = isRecord(value) && value['identities'] !== undefined
    const any = isRecord(value) && value['anyFromCa'] !== undefined
    if (named === any)
      throw new ConfigError(path, `expected identities or anyFromCa, found ${named ? 'both' : 'neither'}`)
    return named ? byName.check(value, path) : byCa.check(value, path)
  },
  json: { anyOf: [byName.json, byCa.json] },
}
