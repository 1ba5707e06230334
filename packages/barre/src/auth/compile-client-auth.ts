import { ConfigError, isRecord } from '../core/index.ts'
import type { CredentialSource, JsonSchema, Services, SourceKind } from '../core/index.ts'
import * as sourceKinds from './source-kinds.ts'

const kinds: readonly SourceKind<string, unknown>[] = Object.values(sourceKinds)

/** Compiles a client's `auth` record. Throws ConfigError that names the field below `path`. */
export function compileClientAuth(auth: unknown, services: Services, path: string): CredentialSource {
  const kind = selectKind(auth, path)
  return kind.create(kind.shape.check(auth, path), services, path)
}

/**
 * The kind whose key the record holds. Where several keys are there (an issuer config has a `username`, as Basic has),
 * the kind that knows all of them is meant.
 */
function selectKind(auth: unknown, path: string): SourceKind<string, unknown> {
  if (!isRecord(auth)) throw new ConfigError(path, `expected a record: ${knownForms()}`)
  const present = kinds.filter((kind) => auth[kind.key] !== undefined)
  if (present.length === 0) throw new ConfigError(path, `expected one of ${knownForms()}`)
  const chosen = present.find((kind) => present.every((other) => knows(kind.shape.json, other.key)))
  if (chosen !== undefined) return chosen
  const keys = present.map((kind) => kind.key).join(' and ')
  throw new ConfigError(path, `expected one kind, found ${keys}; known forms: ${knownForms()}`)
}

function knows(json: JsonSchema, field: string): boolean {
  const { properties = {}, anyOf = [] } = json as { properties?: object; anyOf?: readonly JsonSchema[] }
  return Object.hasOwn(properties, field) || anyOf.some((form) => knows(form, field))
}

function knownForms(): string {
  return kinds.map((kind) => `{ ${requiredFields(kind)} }`).join(', ')
}

function requiredFields(kind: SourceKind<string, unknown>): string {
  const { required = [] } = kind.shape.json as { required?: readonly string[] }
  return [...new Set([kind.key, ...required])].join(', ')
}
