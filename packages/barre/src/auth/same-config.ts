/**
 * Whether two configurations mean the same: records and lists by their contents, everything else (keys, secrets,
 * functions) by identity, since objects with private state look alike from outside.
 */
export function isSameConfig(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other)) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = Reflect.ownKeys(one)
  return (
    names.length === Reflect.ownKeys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameConfig(one[name], other[name]))
  )
}

function isPlain(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || prototype === Array.prototype
}
