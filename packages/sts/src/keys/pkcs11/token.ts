import { ConfigError, Secret } from 'barre/core'
import { codeOf, loadModule, results, sessionFlags, userOfToken } from './library.ts'
import type { Pkcs11Config } from '../../config.ts'
import type { Attribute, Library, Mechanism } from './library.ts'

/** A token that its user is logged in to. */
export interface Token {
  /** Objects that match, with these attributes; at most `most`. */
  find(template: readonly Attribute[], most: number): readonly Buffer[]
  read(object: Buffer, types: readonly number[]): readonly Buffer[]
  generate(mechanism: Mechanism, ofPublic: readonly Attribute[], ofPrivate: readonly Attribute[]): void
  destroy(object: Buffer): void
  /** `bytes`: of the signature. */
  sign(mechanism: Mechanism, key: Buffer, input: Buffer, bytes: number): Promise<Buffer>
  close(): void
}

/** How many signatures are made at once; further ones wait their turn. */
const sessionsMax = 4

/** Opens a token and logs in. Throws ConfigError naming the field below `path`. */
export function openToken(config: Omit<Pkcs11Config, 'keyLabel'>, path: string): Token {
  const library = loadModule(config.module, path)
  const slot = findSlot(library, config.tokenLabel, path)
  const open = (): Buffer => {
    const session = library.C_OpenSession(slot, sessionFlags)
    logIn(library, session, config.pin, path)
    return session
  }
  const own = open()
  const signing = sessionPool(library, open)
  return {
    find(template, most) {
      library.C_FindObjectsInit(own, template)
      try {
        return library.C_FindObjects(own, most)
      } finally {
        library.C_FindObjectsFinal(own)
      }
    },
    read: (object, types) =>
      library
        .C_GetAttributeValue(
          own,
          object,
          types.map((type) => ({ type })),
        )
        .map(({ value }) => value),
    generate: (mechanism, ofPublic, ofPrivate) =>
      void library.C_GenerateKeyPair(own, mechanism, ofPublic, ofPrivate),
    destroy: (object) => library.C_DestroyObject(own, object),
    sign: (mechanism, key, input, bytes) =>
      signing.use(async (session) => {
        library.C_SignInit(session, mechanism, key)
        return library.C_SignAsync(session, input, Buffer.alloc(bytes))
      }),
    close() {
      signing.close()
      library.C_CloseSession(own)
    },
  }
}

function findSlot(library: Library, label: string, path: string): Buffer {
  const fitting = library
    .C_GetSlotList(true)
    .filter((slot) => library.C_GetTokenInfo(slot).label.trimEnd() === label)
  const [slot] = fitting
  if (slot !== undefined && fitting.length === 1) return slot
  throw new ConfigError(
    `${path}.tokenLabel`,
    `expected the label of one token of the device, which ${slot === undefined ? 'no token has' : 'several have'}`,
  )
}

const pinProblems: Readonly<Record<number, string>> = {
  [results.pinIncorrect]: 'the token refuses it; a few more tries lock the token',
  [results.pinInvalid]: 'the token refuses it; a few more tries lock the token',
  [results.pinLengthWrong]: 'the token refuses its length',
  [results.pinLocked]: 'it is locked after wrong tries: the security officer of the token sets a new one',
}

/** The user of a token is logged in for all sessions of the process; a wrong PIN is never tried twice. */
function logIn(library: Library, session: Buffer, pin: string | Secret, path: string): void {
  try {
    library.C_Login(session, userOfToken, pin instanceof Secret ? pin.reveal() : pin)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === results.alreadyLoggedIn) return
    library.C_CloseSession(session)
    const problem = typeof code === 'number' ? pinProblems[code] : undefined
    throw new ConfigError(`${path}.pin`, problem ?? 'nobody can log in to the token', { cause })
  }
}

interface SessionPool {
  use<T>(work: (session: Buffer) => Promise<T>): Promise<T>
  close(): void
}

/** PKCS#11 has one operation at a time in each session. One that failed is not used again. */
function sessionPool(library: Library, open: () => Buffer): SessionPool {
  const free: Buffer[] = []
  const waiting: (() => void)[] = []
  let used = 0
  return {
    async use(work) {
      if (used === sessionsMax) await new Promise<void>((resolve) => waiting.push(resolve))
      used++
      try {
        const session = free.pop() ?? open()
        const value = await work(session)
        free.push(session)
        return value
      } catch (cause) {
        throw Object.assign(new Error('the device did not sign', { cause }), { code: 'ERR_KEY_DEVICE' })
      } finally {
        used--
        waiting.shift()?.()
      }
    },
    close() {
      for (const session of free.splice(0)) library.C_CloseSession(session)
    },
  }
}
