/** How deeply data may nest. */
export const dataDepthMax = 64

// Data that was frozen here is not copied again: the hot path hands the same claims to many principals.
// (Being
// frozen is not enough of a sign: Object.freeze leaves what lies deeper open.)
const frozenHere = new WeakSet<object>()

/**
 * Takes over data that is as `freezeData` would leave it: its maker has frozen all of it and left no prototypes.
 * It is then never copied.
 */
export function acceptFrozen(data: object): void {
  frozenHere.add(data)
}

/**
 * A frozen copy of plain data; objects lose their prototype, so `__proto__` and `constructor` are ordinary
 * names or absent.
 */
export function freezeData(value: unknown): unknown {
  return freezeAt(value, 1)
}

function freezeAt(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || frozenHere.has(value)) return value
  if (depth > dataDepthMax) throw new TypeError(`expected data nested at most ${dataDepthMax} deep`)
  const copy = Object.freeze(Array.isArray(value) ? freezeList(value, depth) : freezeRecord(value, depth))
  frozenHere.add(copy)
  return copy
}

function freezeList(list: readonly unknown[], depth: number): unknown[] {
  return list.map((member) => freezeAt(member, depth + 1))
}

function freezeRecord(record: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  for (const [name, member] of Object.entries(record)) copy[name] = freezeAt(member, depth + 1)
  return copy
}
