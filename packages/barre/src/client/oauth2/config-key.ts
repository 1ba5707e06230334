import { createHash, createPublicKey, KeyObject } from 'node:crypto'
import { ConfigError, Secret } from '../../core/index.ts'

/** Numbers for what has no contents to compare: keys, functions, rings. */
const identities = new WeakMap<object, number>()
let count = 0

/**
 * The same text for configurations that mean the same: records by their members whatever the order, secrets by what
 * they hold, keys and functions by identity. A digest, so no secret can be read from it.
 */
export function configKey(config: unknown): string {
  return createHash('sha256').update(canonical(config, identity)).digest('base64')
}

/**
 * The same, for configurations in different processes: keys by their public half. It shows secrets. Throws ConfigError
 * that names `path` when the configuration holds something that no other process has.
 */
export function comparableText(config: unknown, path: string): string {
  return canonical(config, (value) => {
    if (value instanceof KeyObject) return keyText(value)
    throw new ConfigError(path, 'required: the configuration holds an object that is of this process alone')
  })
}

function keyText(key: KeyObject): string {
  if (key.type === 'secret') return key.export().toString('base64')
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
}

/** `opaque` names what has no members to compare. */
function canonical(value: unknown, opaque: (value: object) => string): string {
  if (value instanceof Secret) return JSON.stringify(value.reveal())
  if (typeof value === 'function') return opaque(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map((member) => canonical(member, opaque)).join(',')}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return opaque(value)
  const members = Reflect.ownKeys(value).map((name) => {
    const member = canonical((value as Record<PropertyKey, unknown>)[name], opaque)
    return `${JSON.stringify(String(name))}:${member}`
  })
  return `{${members.toSorted().join(',')}}`
}

function identity(value: object): string {
  const known = identities.get(value) ?? ++count
  identities.set(value, known)
  return `#${known}`
}
