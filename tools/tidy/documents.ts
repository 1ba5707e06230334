// Why: a link that leads nowhere and a code that no page explains are found here, not by a reader.
import { posix } from 'node:path'
import { lineAt } from '../workspace.ts'
import type { Finding, SourceFile } from '../workspace.ts'

/** Relative links, in Markdown, to a file, folder or heading that is not there. */
export function checkLinks(files: readonly SourceFile[]): readonly Finding[] {
  const known = new Map(files.map(({ path, text }) => [path, text]))
  const folders = new Set(files.flatMap(({ path }) => ancestors(path)))
  const leads = (path: string, target: string): boolean => {
    const [file = '', heading] = target.split('#')
    const goal =
      file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file)).replace(/\/$/, '')
    if (heading !== undefined && known.has(goal)) return headings(known.get(goal) ?? '').has(heading)
    return known.has(goal) || folders.has(goal)
  }
  return files
    .filter(({ path }) => path.endsWith('.md'))
    .flatMap(({ path, text }) => {
      const prose = withoutCode(text)
      return [...prose.matchAll(/\]\(<?([^)>\s]+)>?[^)]*\)/g)].flatMap(({ 1: target = '', index }) => {
        if (/^[a-z][a-z+.-]*:/i.test(target) || leads(path, target)) return []
        return [{ path, line: lineAt(prose, index), problem: `${target} leads nowhere` }]
      })
    })
}

/**
 * Denial codes that docs/errors.md leaves out or makes up: the first column of its first table is the list.
 */
export function checkDenialCodes(files: readonly SourceFile[], codes: readonly string[]): readonly Finding[] {
  const path = 'docs/errors.md'
  const page = files.find((file) => file.path === path)
  if (page === undefined) return [{ path, problem: 'absent: it lists every denial code' }]
  const [table = ''] = /(?:^\|.*\n)+/m.exec(page.text) ?? []
  const listed = [...table.matchAll(/^\|\s*`(\w+)`/gm)].map(([, code = '']) => code)
  return [
    ...codes
      .filter((code) => !listed.includes(code))
      .map((code) => ({ path, problem: `lacks the code ${code}` })),
    ...listed
      .filter((code) => !codes.includes(code))
      .map((code) => ({ path, problem: `${code} is no denial code` })),
  ]
}

function ancestors(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1)
  return ['.', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))]
}

/** Blanks fenced and inline code: a link in it is an example. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```|`[^`\n]*`/gm, (code) => code.replaceAll(/[^\n]/g, ' '))
}

/** The anchors that a page's headings make: lower case, punctuation dropped, spaces as hyphens. */
function headings(text: string): ReadonlySet<string> {
  const titles = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#+\s+(.+)$/gm)]
  return new Set(
    titles.map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
