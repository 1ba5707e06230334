import { readFile, realpath, stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { parseToml } from 'barre/config'
import { ConfigError, isRecord } from 'barre/core'
import { replaceFile } from './replace-file.ts'
import { Failure } from './verb.ts'

/** A user as the file has them. */
export interface FileUser {
  readonly username: string
  readonly password: unknown
  readonly scopes: unknown
  /** The line of the table's header, from 0. */
  readonly line: number
}

/** The file of a user store, as text whose every other line stays as it is. */
export interface UserFile {
  readonly users: readonly FileUser[]
  /** These change the text in memory; throw Failure. */
  add(username: string, password: string, scopes: readonly string[]): void
  setPassword(username: string, password: string): void
  remove(username: string): void
  /** Puts the changed file in the old one's place. Throws Failure when somebody else changed it meanwhile. */
  save(): Promise<void>
}

/** For a file that is made new: only its owner reads hashes. */
const newFileMode = 0o600

/** Opens a user file; with `mayBeNew` one that is not there is empty. Throws Failure. */
export async function openUserFile(
  name: string,
  { mayBeNew = false }: { readonly mayBeNew?: boolean } = {},
): Promise<UserFile> {
  const source = await readSource(name, mayBeNew)
  let text = source ?? ''
  const change = (lines: readonly string[], expected: (users: Map<string, unknown>) => void): void => {
    const changed = lines.join('\n')
    const wanted = new Map(tablesOf(text, name))
    expected(wanted)
    // Lines are changed, tables are meant: where a file is written so that the two differ, it is left alone.
    if (!isDeepStrictEqual(new Map(tablesOf(changed, name)), wanted)) {
      throw new Failure(`${name} is written in a way that this command cannot change: edit it by hand`)
    }
    text = changed
  }
  const find = (username: string): FileUser => {
    const user = readUsers(text, name).find((known) => known.username === username)
    if (user === undefined) throw new Failure(`${name} has no user ${username}`)
    return user
  }
  return {
    get users() {
      return readUsers(text, name)
    },
    add(username, password, scopes) {
      if (readUsers(text, name).some((known) => known.username === username)) {
        throw new Failure(
          `${name} has a user ${username} already: barre users set-password changes the password`,
        )
      }
      const user = { username, password, ...(scopes.length > 0 && { scopes: [...scopes] }) }
      const before = text === '' ? [] : [text.replace(/\n*$/, ''), '']
      change([...before, ...toTable(user), ''], (users) => users.set(username, user))
    },
    setPassword(username, password) {
      const { line } = find(username)
      const lines = text.split('\n')
      const end = endOfTable(lines, line)
      const at = lines.findIndex(
        (known, index) => index > line && index < end && /^\s*password\s*=/.test(known),
      )
      if (at !== -1) lines[at] = `password = ${JSON.stringify(password)}`
      change(lines, (users) => users.set(username, { ...(users.get(username) as object), password }))
    },
    remove(username) {
      const { line } = find(username)
      const lines = text.split('\n')
      lines.splice(line, endOfTable(lines, line) - line)
      change(lines, (users) => users.delete(username))
    },
    async save() {
      if ((await readSource(name, mayBeNew)) !== source) {
        throw new Failure(`${name} was changed meanwhile: run this again`)
      }
      await orFailure(save(name, text, source === undefined))
    },
  }
}

async function readSource(name: string, mayBeNew: boolean): Promise<string | undefined> {
  try {
    return await readFile(name, 'utf8')
  } catch (error) {
    if (mayBeNew && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Failure((error as Error).message, { cause: error })
  }
}

async function save(name: string, text: string, isNew: boolean): Promise<void> {
  if (isNew) return replaceFile(name, text, { mode: newFileMode })
  const file = await realpath(name)
  const { mode, uid, gid } = await stat(file)
  return replaceFile(file, text, { mode: mode & 0o7777, owner: { uid, gid } })
}

async function orFailure<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: Error) => {
    throw new Failure(error.message, { cause: error })
  })
}

const listHeader = /^\s*\[\[\s*(?:barre|ballerina)\.auth\.users\s*\]\]\s*(?:#.*)?$/
const tableHeader = /^\s*\[\s*"b7a\.users\.([^"\\]+)"\s*\]\s*(?:#.*)?$/
const tablePrefix = 'b7a.users.'

/** The users in the order of the file, each with the line of its header. */
function readUsers(text: string, name: string): readonly FileUser[] {
  const lines = text.split('\n')
  const tables = new Map(tablesOf(text, name))
  const users: FileUser[] = []
  for (const [line, header] of lines.entries()) {
    const username =
      tableHeader.exec(header)?.[1] ?? (listHeader.test(header) ? usernameIn(lines, line) : undefined)
    const user = username === undefined ? undefined : tables.get(username)
    if (username === undefined || !isRecord(user)) continue
    users.push({ username, password: user['password'], scopes: user['scopes'], line })
    tables.delete(username)
  }
  return users
}

function usernameIn(lines: readonly string[], header: number): string | undefined {
  const table = lines.slice(header + 1, endOfTable(lines, header)).join('\n')
  try {
    const user = parseToml(table, 'a table')
    return isRecord(user) && typeof user['username'] === 'string' ? user['username'] : undefined
  } catch {
    return undefined
  }
}

/** Where the next table begins, without the blank and comment lines that lead to it. */
function endOfTable(lines: readonly string[], header: number): number {
  const next = lines.findIndex((line, index) => index > header && /^\s*\[/.test(line))
  if (next === -1) return lines.length
  const last = lines.findLastIndex((line, index) => index < next && !/^\s*(?:#.*)?$/.test(line))
  return last + 1
}

/** Every user by name, and all else of the file under a name that no user has. */
function tablesOf(text: string, name: string): readonly (readonly [string, unknown])[] {
  const document = toDocument(text, name)
  const listed = ['barre', 'ballerina'].flatMap((root) => listOf(document, root))
  const byTable = Object.entries(document).filter(([key]) => key.startsWith(tablePrefix))
  const users = [
    ...listed.map((user) => [isRecord(user) ? String(user['username']) : '', user] as const),
    ...byTable.map(([key, user]) => [key.slice(tablePrefix.length), user] as const),
  ]
  return [...users, [':others', othersOf(document)]]
}

function listOf(document: Record<string, unknown>, root: string): readonly unknown[] {
  const auth = (document[root] as Record<string, unknown> | undefined)?.['auth']
  const users = isRecord(auth) ? auth['users'] : undefined
  return Array.isArray(users) ? users : []
}

/** The document without its users, and without the tables that hold nothing else. */
function othersOf(document: Record<string, unknown>): unknown {
  const others = Object.entries(document).filter(([key]) => !key.startsWith(tablePrefix))
  return Object.fromEntries(
    others.flatMap(([key, value]) => {
      if (!['barre', 'ballerina'].includes(key) || !isRecord(value) || !isRecord(value['auth']))
        return [[key, value]]
      const { users: _users, ...auth } = value['auth']
      const rest = { ...value, auth }
      return Object.keys(auth).length === 0 && Object.keys(value).length === 1 ? [] : [[key, rest]]
    }),
  )
}

function toDocument(text: string, name: string): Record<string, unknown> {
  try {
    // Of plain objects: the parser's own have no prototype, and would equal none of ours.
    return JSON.parse(JSON.stringify(parseToml(text, name))) as Record<string, unknown>
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(error.message, { cause: error }) : error
  }
}

/** JSON's texts and lists are TOML's too. */
function toTable(user: Readonly<Record<string, unknown>>): readonly string[] {
  return [
    '[[barre.auth.users]]',
    ...Object.entries(user).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
  ]
}
