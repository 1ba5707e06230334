/** A danger a value may reach, with the weakness it is an instance of. */
export interface Kind {
  readonly name: string
  readonly cwe: string
  /** Other numbers that the same danger is filed under. */
  readonly others: readonly string[]
  readonly severity: 'error' | 'warning'
}

/** The first CWE is the one reported. */
const TABLE: readonly (readonly [name: string, cwes: string, severity?: 'warning'])[] = [
  ['any', 'CWE-020'],
  ['sql', 'CWE-089'],
  ['nosql', 'CWE-943 CWE-089'],
  ['command', 'CWE-078'],
  ['path', 'CWE-022'],
  ['redirect', 'CWE-601'],
  ['ssrf', 'CWE-918'],
  ['html', 'CWE-079'],
  ['code', 'CWE-094'],
  ['template', 'CWE-1336 CWE-094'],
  ['regex', 'CWE-730'],
  ['xpath', 'CWE-643'],
  ['ldap', 'CWE-090 CWE-089'],
  ['log', 'CWE-117', 'warning'],
  ['format', 'CWE-134', 'warning'],
  ['deserialize', 'CWE-502'],
  ['header', 'CWE-113', 'warning'],
  ['config-key', 'CWE-015', 'warning'],
  ['permission', 'CWE-732'],
  ['prototype-key', 'CWE-1321 CWE-915'],
  ['xml', 'CWE-611 CWE-776'],
  ['resource', 'CWE-770 CWE-400', 'warning'],
  ['decompression', 'CWE-409 CWE-522', 'warning'],
  ['dispatch', 'CWE-754 CWE-094', 'warning'],
  ['global-variable', 'CWE-020'],
  // What a path check has ruled out so far: see summary/path-facts.ts.
  ['path-unnormalised', 'CWE-022'],
  ['path-absolute', 'CWE-022'],
  ['path-climbing', 'CWE-022'],
]

/** Masks are 31-bit integers, so a project may add three kinds of its own. */
const MAX_KINDS = 31

const kinds: Kind[] = TABLE.map(([name, cwes, severity]) => {
  const [cwe = '', ...others] = cwes.split(' ')
  return { name, cwe, others, severity: severity ?? 'error' }
})
const index = new Map(kinds.map((kind, at) => [kind.name, at]))

/** Finds a kind by name; an unknown name becomes a kind of its own while there is room, then `any`. */
export function kindOf(name: string): Kind {
  return kinds[bitIndex(name)] ?? { name: 'any', cwe: 'CWE-020', others: [], severity: 'error' }
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
  kinds.push({ name, cwe: 'CWE-020', others: [], severity: 'error' })
  index.set(name, kinds.length - 1)
  return kinds.length - 1
}
