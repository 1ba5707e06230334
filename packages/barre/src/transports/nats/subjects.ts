/**
 * The row that says most about a subject: part by part from the left, a name before `*` before `>`. Rows are
 * subjects, also with wildcards, as NATS has them.
 */
export function findSubject(subject: string, rows: readonly string[]): string | undefined {
  const parts = subject.split('.')
  const found = rows.filter((row) => covers(row.split('.'), parts))
  return found.toSorted((a, b) => compare(a.split('.'), b.split('.')))[0]
}

function covers(row: readonly string[], parts: readonly string[]): boolean {
  if (row.at(-1) === '>') {
    return parts.length >= row.length && row.slice(0, -1).every((part, at) => isMatch(part, parts[at]))
  }
  return row.length === parts.length && row.every((part, at) => isMatch(part, parts[at]))
}

function isMatch(part: string, given: string | undefined): boolean {
  return part === '*' || part === given
}

const breadth = (part: string | undefined): number => (part === '>' ? 2 : part === '*' ? 1 : 0)

function compare(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, index) => breadth(part) !== breadth(b[index]))
  return at < 0 ? 0 : breadth(a[at]) - breadth(b[at])
}
