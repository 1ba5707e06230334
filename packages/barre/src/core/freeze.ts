/**
 * A frozen copy of plain data; objects lose their prototype, so `__proto__` and `constructor` are ordinary
 * names or absent.
 */
export function freezeData(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(freezeData))
  // Data that was frozen by us is not copied again: the hot path hands the same claims to many principals.
  if (Object.isFrozen(value) && Object.getPrototypeOf(value) === null) return value
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, member] of Object.entries(value)) copy[name] = freezeData(member)
  return Object.freeze(copy)
}
