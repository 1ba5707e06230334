/** A danger a value may reach, with the weakness it is an instance of. */
export interface Kind {
  readonly name: string
  readonly cwe: string
  readonly severity: 'error' | 'warning'
}

const TABLE: readonly (readonly [name: string, cwe: string, severity?: 'warning'])[] = [
  ['any', 'CWE-020'],
  ['sql', 'CWE-089'],
  ['nosql', 'CWE-943'],
  ['command', 'CWE-078'],
  ['path', 'CWE-022'],
  ['redirect', 'CWE-601'],
  ['ssrf', 'CWE-918'],
  ['html', 'CWE-079'],
  ['code', 'CWE-094'],
  ['template', 'CWE-1336'],
  ['regex', 'CWE-730'],
  ['xpath', 'CWE-643'],
  ['ldap', 'CWE-090'],
  ['log', 'CWE-117', 'warning'],
  ['format', 'CWE-134', 'warning'],
  ['deserialize', 'CWE-502'],
  ['header', 'CWE-113', 'warning'],
  ['config-key', 'CWE-015', 'warning'],
  ['permission', 'CWE-732'],
  ['prototype-key', 'CWE-1321'],
  ['xml', 'CWE-611'],
  ['resource', 'CWE-400', 'warning'],
  ['dispatch', 'CWE-754', 'warning'],
  ['global-variable', 'CWE-020'],
]

/** Masks are 31-bit integers, so a project may add seven kinds of its own. */
const MAX_KINDS = 31

const kinds: Kind[] = TABLE.map(([name, cwe, severity]) => ({ name, cwe, severity: severity ?? 'error' }))
const index = new Map(kinds.map((kind, at) => [kind.name, at]))

/** Finds a kind by name; an unknown name becomes a kind of its own while there is room, then `any`. */
export function kindOf(name: string): Kind {
  return kinds[bitIndex(name)] ?? { name: 'any', cwe: 'CWE-020', severity: 'error' }
}

export function bitOf(name: string): number {
  return 2 ** bitIndex(name)
}

/** The mask of several kinds; `*` means every kind. */
export function maskOf(names: readonly string[]): number {
  if (names.includes('*')) return EVERY
  return names.reduce((mask, name) => mask | bitOf(name), 0)
}

export const EVERY: number = 2 ** MAX_KINDS - 1

function bitIndex(name: string): number {
  const found = index.get(name)
  if (found !== undefined) return found
  if (name === '*' || kinds.length >= MAX_KINDS) return 0
  kinds.push({ name, cwe: 'CWE-020', severity: 'error' })
  index.set(name, kinds.length - 1)
  return kinds.length - 1
}
