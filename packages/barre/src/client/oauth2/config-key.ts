import { createHash } from 'node:crypto'
import { Secret } from '../../core/index.ts'

/** Numbers for what has no contents to compare: keys, functions, rings. */
const identities = new WeakMap<object, number>()
let count = 0

/**
 * The same text for configurations that mean the same: records by their members whatever the order, secrets by what
 * they hold, keys and functions by identity. A digest, so no secret can be read from it.
 */
export function configKey(config: unknown): string {
  return createHash('sha256').update(canonical(config)).digest('base64')
}

function canonical(value: unknown): string {
  if (value instanceof Secret) return JSON.stringify(value.reveal())
  if (typeof value === 'function') return identity(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return identity(value)
  const members = Reflect.ownKeys(value).map(
    (name) => `${JSON.stringify(String(name))}:${canonical((value as Record<PropertyKey, unknown>)[name])}`,
  )
  return `{${members.toSorted().join(',')}}`
}

function identity(value: object): string {
  const known = identities.get(value) ?? ++count
  identities.set(value, known)
  return `#${known}`
}
