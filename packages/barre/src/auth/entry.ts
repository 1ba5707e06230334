import { ConfigError, isRecord } from '../core/index.ts'
import type { Alternative, Provider, ProviderKind, Services } from '../core/index.ts'
import * as providerKinds from './provider-kinds.ts'
import { every } from './every.ts'
import { isSameConfig } from './same-config.ts'
import { scopesShape } from './scopes.ts'
import { stepUpShape, toStepUpCheck } from './step-up.ts'

const kinds: ReadonlyMap<string, ProviderKind<string, unknown>> = new Map(
  Object.values(providerKinds).map((kind) => [kind.key, kind]),
)

/** The providers of one service. Equal configurations share one, and with it one cache and one connection. */
export interface Providers {
  readonly services: Services
  /** Made here, so closed here. */
  readonly made: { readonly key: string; readonly config: unknown; readonly provider: Provider }[]
  /** Made by the program, which also closes them. */
  readonly given: Set<Provider>
}

/** Compiles a list of entries, of a service or of a resource. */
export function compileEntries(auth: unknown, providers: Providers, path: string): readonly Alternative[] {
  if (!Array.isArray(auth)) throw new ConfigError(path, 'expected a list of entries')
  if (auth.length === 0) throw new ConfigError(path, 'expected at least one entry; false opens a resource')
  return Object.freeze(
    Array.from(auth, (entry: unknown, index) => compileEntry(entry, providers, `${path}[${index}]`)),
  )
}

const memberWays = [...kinds.keys(), 'provider']
const entryWays = [...memberWays, 'all']

function compileEntry(value: unknown, providers: Providers, path: string): Alternative {
  const { scopes, stepUp, ...ways } = toRecord(value, entryWays, path)
  const [way, config] = findWay(ways, entryWays, path)
  const provider =
    way === 'all' ? compileAll(config, providers, `${path}.all`) : make(way, config, providers, path)
  // `scopes: undefined` must not read as "no scopes needed".
  const demands = (name: string): boolean => Object.hasOwn(value as object, name)
  return Object.freeze({
    provider,
    entry: path,
    ...(demands('scopes') && { scopes: scopesShape.check(scopes, `${path}.scopes`) }),
    ...(demands('stepUp') && {
      stepUp: toStepUpCheck(stepUpShape.check(stepUp, `${path}.stepUp`), providers.services),
    }),
  })
}

function compileAll(members: unknown, providers: Providers, path: string): Provider {
  if (!Array.isArray(members) || members.length === 0) {
    throw new ConfigError(path, 'expected a list with at least one provider')
  }
  return every(
    Array.from(members, (member: unknown, index) => {
      const place = `${path}[${index}]`
      const [way, config] = findWay(toRecord(member, memberWays, place), memberWays, place)
      return make(way, config, providers, place)
    }),
  )
}

function toRecord(value: unknown, ways: readonly string[], path: string): Record<PropertyKey, unknown> {
  if (isRecord(value)) return value
  throw new ConfigError(path, `expected a record with one of ${ways.join(', ')}`)
}

/** The one member that says who is calling, and its value. */
function findWay(
  entry: Readonly<Record<PropertyKey, unknown>>,
  ways: readonly string[],
  path: string,
): readonly [way: string, value: unknown] {
  for (const name of Reflect.ownKeys(entry)) {
    if (typeof name === 'string' && ways.includes(name)) continue
    const field = typeof name === 'symbol' ? `${path}[${name.description}]` : `${path}.${name}`
    const known = ways.includes('all') ? [...ways, 'scopes', 'stepUp'] : ways
    throw new ConfigError(field, `unknown field; known here: ${known.join(', ')}`)
  }
  const [way, second] = Object.keys(entry)
  if (way === undefined) throw new ConfigError(path, `expected one of ${ways.join(', ')}`)
  if (second !== undefined) throw new ConfigError(path, `expected one kind, found ${way} and ${second}`)
  return [way, entry[way]]
}

function make(way: string, value: unknown, providers: Providers, path: string): Provider {
  const kind = kinds.get(way)
  if (kind === undefined) return accept(value, providers, `${path}.provider`)
  const config = kind.shape.check(value, `${path}.${way}`)
  const equal = providers.made.find((known) => known.key === way && isSameConfig(known.config, config))
  if (equal !== undefined) return equal.provider
  const provider = kind.create(config, providers.services, `${path}.${way}`)
  providers.made.push({ key: way, config, provider })
  return provider
}

function accept(value: unknown, providers: Providers, path: string): Provider {
  if (!isProvider(value)) {
    throw new ConfigError(path, 'expected a Provider: an object with schemes, read, verify and challenges')
  }
  providers.given.add(value)
  return value
}

function isProvider(value: unknown): value is Provider {
  if (typeof value !== 'object' || value === null) return false
  const { schemes, read, verify, challenges } = value as Partial<Record<keyof Provider, unknown>>
  return Array.isArray(schemes) && [read, verify, challenges].every((member) => typeof member === 'function')
}
