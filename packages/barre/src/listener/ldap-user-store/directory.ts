import type * as Ldap from 'ldapts'
import { Secret } from '../../core/index.ts'
import type { Services } from '../../core/index.ts'
import { ConnectionPool } from './connection-pool.ts'
import { ConnectionLost, isResultCode, openConnection } from './connection.ts'
import type { Connection, ConnectionSettings, LdapServer } from './connection.ts'

/** An entry that a search found. */
export interface DirectoryEntry {
  readonly name: string
  /** The values of an attribute, whatever the case of its name. */
  values(attribute: string): readonly string[]
}

interface Search {
  readonly base: string
  readonly scope: 'sub' | 'base'
  readonly filter: Ldap.Filter
  readonly attributes: readonly string[]
  /** The most entries to be sent; there may be more. */
  readonly sizeLimit: number
}

/** The directory cannot be asked, or does not know what it is asked about; nobody's password is wrong for that. */
export class DirectoryUnavailable extends Error {
  override readonly name = 'DirectoryUnavailable'
}

/** Too many requests wait for the directory already. */
export class DirectoryBusy extends Error {
  override readonly name = 'DirectoryBusy'
}

/** What a store asks of its directory. All reject with DirectoryUnavailable or DirectoryBusy. */
export interface Directory {
  search(search: Search): Promise<readonly DirectoryEntry[]>
  /** Whether this is the password of the entry: a bind, over a connection that is used for nothing else. */
  proves(name: string, password: string): Promise<boolean>
  /** Whether the last request that needed a server found one; asks again where it did not. */
  isReachable(): boolean
  close(): void
}

export interface DirectoryOptions {
  readonly servers: readonly LdapServer[]
  readonly settings: ConnectionSettings
  readonly name: string
  readonly password: string | Secret
  readonly keepsConnections: boolean
}

/** How long after a failure `isReachable` asks again, in milliseconds. */
const probeMs = 5_000

// RFC 4511 appendix A. What a directory says of a password, a locked account or a name that is none:
// constraintViolation, noSuchObject, invalidDNSyntax, inappropriateAuthentication, invalidCredentials,
// insufficientAccessRights, unwillingToPerform.
const refusalCodes: ReadonlySet<number> = new Set([19, 32, 34, 48, 49, 50, 53])

export function openDirectory(options: DirectoryOptions, services: Pick<Services, 'now' | 'log'>): Directory {
  const { servers, settings, keepsConnections: keeps } = options
  const searching = new ConnectionPool(
    { servers, keeps, open: (server) => openBound(server, options) },
    services,
  )
  // A bind changes who a connection speaks for: those of callers are never searched on.
  const proving = new ConnectionPool(
    { servers, keeps, open: (server) => openConnection(server, settings) },
    services,
  )
  let reachable: boolean | undefined
  let nextProbeMs = 0

  const ask = async <T>(
    pool: ConnectionPool,
    question: (connection: Connection) => Promise<T>,
  ): Promise<T> => {
    const answer = pool.use(question)
    if (answer === undefined) throw new DirectoryBusy('too many requests wait for the directory')
    try {
      const known = await answer
      reachable = true
      return known
    } catch (error) {
      if (error instanceof ConnectionLost) {
        reachable = false
        nextProbeMs = services.now() + probeMs
      }
      services.log.warn({ error: reasonOf(error) }, 'the directory did not answer a request')
      throw new DirectoryUnavailable(reasonOf(error), { cause: error })
    }
  }
  const probe = (): void => {
    nextProbeMs = services.now() + probeMs
    // Its outcome is in `reachable`.
    ask(searching, () => Promise.resolve()).catch(() => undefined)
  }

  return {
    search: (search) =>
      ask(searching, async (connection) => {
        const { searchEntries } = await connection.run((client) =>
          client.search(search.base, toOptions(search, settings)),
        )
        return searchEntries.map(toEntry)
      }),
    proves: (name, password) =>
      ask(proving, async (connection) => {
        try {
          await connection.run((client) => client.bind(name, password))
          return true
        } catch (error) {
          if (isResultCode(error) && refusalCodes.has(error.code)) return false
          throw error
        }
      }),
    isReachable() {
      if (reachable !== true && services.now() >= nextProbeMs) probe()
      return reachable === true
    },
    close() {
      searching.close()
      proving.close()
    },
  }
}

async function openBound(
  server: LdapServer,
  { settings, name, password }: DirectoryOptions,
): Promise<Connection> {
  const connection = await openConnection(server, settings)
  try {
    const secret = password instanceof Secret ? password.reveal() : password
    await connection.run((client) => client.bind(name, secret))
    return connection
  } catch (cause) {
    connection.close()
    if (cause instanceof ConnectionLost) throw cause
    throw new ConnectionLost(`${server.url} refuses connectionName: ${reasonOf(cause)}`, { cause })
  }
}

function toOptions(search: Search, settings: ConnectionSettings): Ldap.SearchOptions {
  return {
    scope: search.scope,
    filter: search.filter,
    attributes: [...search.attributes],
    sizeLimit: search.sizeLimit,
    timeLimit: Math.ceil(settings.readTimeoutMs / 1000),
    derefAliases: 'never',
  }
}

function toEntry(entry: Ldap.Entry): DirectoryEntry {
  const attributes = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(entry)) {
    if (name !== 'dn') attributes.set(name.toLowerCase(), [value].flat().map(String))
  }
  return { name: entry.dn, values: (attribute) => attributes.get(attribute.toLowerCase()) ?? [] }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error'
}
