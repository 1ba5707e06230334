import { Secret } from '../../core/index.ts'
import { KeyError } from './key-error.ts'
import type { KeyObject, X509Certificate } from 'node:crypto'

/** The most entries that one store may hold. */
export const storeEntriesMax = 4096
/** The longest certificate chain of one entry. */
export const chainMax = 32

/** An open key store or trust store. Aliases are compared without case, as Java does. */
export interface KeyStore {
  readonly aliases: readonly string[]
  /** Whether the alias has a private key. */
  hasPrivateKey(alias: string): boolean
  /**
   * The private key of an alias; `password` is needed only where the key has another than its store.
   * Throws KeyError: `not_found`, `wrong_password`, `malformed`.
   */
  privateKey(alias: string, options?: { readonly password?: string | Secret }): KeyObject
  /** The certificate of an alias, and then those of its issuers; empty for a bare key. `not_found` for no alias. */
  certificates(alias: string): readonly X509Certificate[]
}

/** One entry as a format reads it. */
export interface StoreEntry {
  readonly alias: string
  readonly certificates: readonly X509Certificate[]
  readonly openKey?: (password: string) => KeyObject
}

/** The way to its entries that all formats share. */
export function keyStore(entries: readonly StoreEntry[], storePassword: string): KeyStore {
  const byAlias = new Map(entries.map((entry) => [entry.alias.toLowerCase(), entry]))
  if (byAlias.size !== entries.length)
    throw new KeyError('malformed', 'the store has two entries of one alias')
  function find(alias: string): StoreEntry {
    const entry = byAlias.get(alias.toLowerCase())
    if (entry !== undefined) return entry
    throw new KeyError('not_found', `the store has no alias ${alias}; it has ${listOf(byAlias)}`)
  }
  return Object.freeze({
    aliases: Object.freeze(entries.map(({ alias }) => alias)),
    hasPrivateKey: (alias: string) => find(alias).openKey !== undefined,
    privateKey(alias: string, { password }: { readonly password?: string | Secret } = {}) {
      const { openKey } = find(alias)
      if (openKey === undefined) throw new KeyError('wrong_kind', `the alias ${alias} has no private key`)
      return openKey((password instanceof Secret ? password.reveal() : password) ?? storePassword)
    },
    certificates: (alias: string) => find(alias).certificates,
  })
}

const aliasesShown = 10

function listOf(byAlias: ReadonlyMap<string, StoreEntry>): string {
  const names = [...byAlias.values()].map(({ alias }) => alias)
  if (names.length === 0) return 'none'
  return `${names.slice(0, aliasesShown).join(', ')}${names.length > aliasesShown ? ', ...' : ''}`
}
