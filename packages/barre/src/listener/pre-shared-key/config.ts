import { ConfigError, described, list, record, table, text } from '../../core/index.ts'
import type { Shape } from '../../core/index.ts'

/** Which pre-shared keys let a caller in, and with which scopes. */
export interface PreSharedKeyConfig {
  /** The identities that the listener has keys for, to scopes. */
  readonly identities: Readonly<Record<string, readonly string[]>>
}

const identities = table(list(text()))

export const preSharedKeyShape: Shape<PreSharedKeyConfig> = record<PreSharedKeyConfig>({
  identities: described(
    {
      ...identities,
      check(value, path) {
        const checked = identities.check(value, path)
        if (Object.keys(checked).length > 0) return checked
        throw new ConfigError(path, 'expected a table from identities to scopes, with at least one')
      },
    },
    { minProperties: 1 },
  ),
})
