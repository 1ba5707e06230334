import type { Item, Place } from './item.ts'

/** Messages as `tsc` prints them, with the path of the data below. */
export function toText(items: readonly Item[]): string {
  return items.map((item) => [headline(item), ...story(item.path)].join('\n')).join('\n\n')
}

export function headline(item: Item): string {
  return `${item.file}(${item.line},${item.column}): ${item.severity} ${codeOf(item)}: ${item.message}`
}

/** `BARRE089` for CWE-089. */
export function codeOf(item: Pick<Item, 'cwe'>): string {
  return `BARRE${item.cwe.replace('CWE-', '').padStart(3, '0')}`
}

function story(path: readonly Place[]): string[] {
  if (path.length < 2) return []
  const places = path.map((place) => `${place.file}:${place.line}:${place.column}`)
  const width = Math.max(...places.map((place) => place.length))
  const textWidth = Math.min(44, Math.max(...path.map((place) => place.text.length)))
  return path.map((place, index) => {
    const role = index === 0 ? 'source' : index === path.length - 1 ? 'sink' : 'step'
    const columns = [
      role.padEnd(6),
      (places[index] ?? '').padEnd(width),
      place.text.padEnd(textWidth),
      place.why,
    ]
    return `  ${columns.join('  ')}`.trimEnd()
  })
}

/** Workflow commands that GitHub shows beside the changed lines. */
export function toGithub(items: readonly Item[]): string {
  return items
    .map((item) => {
      const level = item.severity === 'error' ? 'error' : 'warning'
      const end = `endLine=${item.endLine},endColumn=${item.endColumn}`
      const place = `file=${property(item.file)},line=${item.line},col=${item.column},${end}`
      return `::${level} ${place},title=${codeOf(item)}::${data(item.message)}`
    })
    .join('\n')
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
