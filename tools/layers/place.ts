// Why: one answer to "where does this file belong", for every rule.

export interface Place {
  /** The folder under packages/. */
  readonly packageName?: string
  /** The folder under src/, '' for a file directly there; absent outside src/. */
  readonly folder?: string
  /** The path inside that folder. */
  readonly inside?: string
}

export function locate(path: string): Place {
  const [, packageName, rest] = /^packages\/([^/]+)\/(.*)$/.exec(path) ?? []
  if (packageName === undefined) return {}
  const [, source] = /^src\/(.*)$/.exec(rest ?? '') ?? []
  if (source === undefined) return { packageName }
  const slash = source.indexOf('/')
  if (slash < 0) return { packageName, folder: '', inside: source }
  return { packageName, folder: source.slice(0, slash), inside: source.slice(slash + 1) }
}

/**
 * Whether a file exists for tests alone: a test, or a helper of tests in a `test/` folder. Builds leave both
 * out.
 */
export function isTestOnly(path: string): boolean {
  return /\.test\.[cm]?ts$/.test(path) || /\/test\//.test(path)
}
