import { ConfigError } from './config-error.ts'
import { Secret } from './secret.ts'

/** A JSON Schema (draft 2020-12) fragment. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The shape of a configuration value: checks it once at start, and describes itself as JSON Schema for
 * editors.
 * `check` throws ConfigError that names the path; it returns the value, frozen copies of objects and lists
 * included.
 */
export interface Shape<T> {
  check(value: unknown, path: string): T
  readonly json: JsonSchema
  /** What the error of a required member that is absent says beyond that. */
  readonly hint?: string
}

export interface OptionalShape<T> extends Shape<T> {
  readonly optional: true
}

/** The members of `T`, each with its shape; a member may be left out exactly when `T` says so. */
export type Members<T> = {
  // oxlint-disable-next-line typescript/no-empty-object-type -- `{}` is how TypeScript asks whether a member
  // is optional
  readonly [K in keyof T]-?: {} extends Pick<T, K> ? OptionalShape<Exclude<T[K], undefined>> : Shape<T[K]>
}

/** Marks a member that may be absent. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return { ...shape, optional: true }
}

/** Tells more where the member is required and absent. */
export function hinted<T>(shape: Shape<T>, hint: string): Shape<T> {
  return { ...shape, hint }
}

/** A JSON Schema that says more: rules between members, which code checks where it uses them. */
export function described<T>(shape: Shape<T>, json: JsonSchema): Shape<T> {
  return { ...shape, json: { ...shape.json, ...json } }
}

/** Of these members exactly one is there. */
export function exactlyOne(...names: readonly string[]): JsonSchema {
  return { oneOf: names.map((name) => ({ required: [name] })) }
}

/** Non-empty text. */
export function text(description?: string): Shape<string> {
  return {
    check(value, path) {
      if (typeof value === 'string' && value !== '') return value
      throw new ConfigError(path, `expected non-empty text, found ${describe(value)}`)
    },
    json: { type: 'string', minLength: 1, ...(description && { description }) },
  }
}

/** A number within bounds; `unit` (`seconds`, `bytes`) goes into the message. */
export function number(
  options: { min?: number; max?: number; unit?: string; integer?: boolean } = {},
): Shape<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, unit = '', integer = false } = options
  const kind = `${integer ? 'a whole number' : 'a number'}${unit && ` of ${unit}`}`
  return {
    check(value, path) {
      const fits =
        typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value))
      if (fits) return value
      throw new ConfigError(path, `expected ${kind} from ${min} to ${max}, found ${describe(value)}`)
    },
    json: {
      type: integer ? 'integer' : 'number',
      minimum: min,
      maximum: max,
      ...(unit && { description: unit }),
    },
  }
}

export function flag(): Shape<boolean> {
  return {
    check(value, path) {
      if (typeof value === 'boolean') return value
      throw new ConfigError(path, `expected true or false, found ${describe(value)}`)
    },
    json: { type: 'boolean' },
  }
}

/** One of a fixed set of values. */
export function oneOf<const T extends string | boolean>(...values: readonly T[]): Shape<T> {
  return {
    check(value, path) {
      if (values.includes(value as T)) return value as T
      throw new ConfigError(
        path,
        `expected ${values.map((known) => JSON.stringify(known)).join(' or ')}, found ${describe(value)}`,
      )
    },
    json: { enum: values },
  }
}

/** A list; `min` members at least. */
export function list<T>(member: Shape<T>, min = 0): Shape<readonly T[]> {
  return {
    check(value, path) {
      if (!Array.isArray(value)) throw new ConfigError(path, `expected a list, found ${describe(value)}`)
      if (value.length < min)
        throw new ConfigError(path, `expected at least ${min} member${min === 1 ? '' : 's'}`)
      return Object.freeze(
        Array.from(value, (entry: unknown, index) => member.check(entry, `${path}[${index}]`)),
      )
    },
    json: { type: 'array', items: member.json, minItems: min },
  }
}

/** A table from names to values. */
export function table<T>(member: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    check(value, path) {
      if (!isRecord(value)) throw new ConfigError(path, `expected a table, found ${describe(value)}`)
      const checked: Record<string, T> = Object.create(null) as Record<string, T>
      for (const [name, entry] of Object.entries(value)) checked[name] = member.check(entry, join(path, name))
      return Object.freeze(checked)
    },
    json: { type: 'object', additionalProperties: member.json },
  }
}

/**
 * A record with exactly these members: a missing or unknown one is an error that names it. Symbol members
 * stay out of the JSON Schema.
 */
export function record<T extends object>(members: Members<T>): Shape<T> {
  const names = Object.keys(members)
  const keys = Reflect.ownKeys(members) as (keyof Members<T>)[]
  const isOptional = (key: PropertyKey): boolean =>
    'optional' in (members as Record<PropertyKey, object>)[key]!
  return {
    check(value, path) {
      if (!isRecord(value)) throw new ConfigError(path, `expected a record, found ${describe(value)}`)
      for (const key of Reflect.ownKeys(value)) {
        if (keys.includes(key as keyof Members<T>)) continue
        throw new ConfigError(
          join(path, String(key)),
          `unknown field; known here: ${names.join(', ') || 'none'}`,
        )
      }
      const checked: Record<PropertyKey, unknown> = {}
      for (const key of keys) {
        const member = (value as Record<PropertyKey, unknown>)[key]
        if (member !== undefined) checked[key] = members[key].check(member, join(path, key))
        else if (!isOptional(key)) {
          const { hint } = members[key]
          throw new ConfigError(
            join(path, key),
            `required, but absent${hint === undefined ? '' : `: ${hint}`}`,
          )
        }
      }
      return Object.freeze(checked) as T
    },
    json: {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, members[name as keyof Members<T>].json])),
      required: names.filter((name) => !isOptional(name)),
      additionalProperties: false,
    },
  }
}

/** The first shape that fits; when none does, the error of the one that got deepest into the value. */
export function either<A, B>(first: Shape<A>, second: Shape<B>): Shape<A | B> {
  return {
    check(value, path) {
      try {
        return first.check(value, path)
      } catch (one) {
        try {
          return second.check(value, path)
        } catch (other) {
          throw deeper(one, other, path)
        }
      }
    },
    json: { anyOf: [first.json, second.json] },
  }
}

function deeper(one: unknown, other: unknown, path: string): unknown {
  if (!(one instanceof ConfigError) || !(other instanceof ConfigError)) return other
  if (one.path === other.path) return new ConfigError(path, `${problem(one)}; or ${problem(other)}`)
  return one.path.length > other.path.length ? one : other
}

function problem(error: ConfigError): string {
  return error.path === '' ? error.message : error.message.slice(error.path.length + 2)
}

/** An object that only code can give (a key, a provider); absent from the JSON Schema's point of view. */
export function instance<T>(name: string, is: (value: unknown) => value is T): Shape<T> {
  return {
    check(value, path) {
      if (is(value)) return value
      throw new ConfigError(path, `expected ${name}, found ${describe(value)}`)
    },
    json: { not: {} },
  }
}

/** Text that must not show in logs; code may give a Secret, a file gives text. Its JSON Schema is `writeOnly`. */
export function secret(): Shape<string | Secret> {
  return {
    check(value, path) {
      if (value instanceof Secret || (typeof value === 'string' && value !== '')) return value
      throw new ConfigError(path, 'expected non-empty text or a Secret')
    },
    json: { type: 'string', minLength: 1, writeOnly: true },
  }
}

/**
 * Whether a value is an object that holds named members (not a list, not a class instance of another kind).
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function join(path: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${path}[${key.description}]`
  return path === '' ? String(key) : `${path}.${String(key)}`
}

/** The kind of a value, never the value: it may be a secret. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (value === '') return "''"
  if (typeof value === 'number') return String(value)
  return typeof value === 'object' ? 'a record' : `a ${typeof value}`
}
