import { createRequire } from 'node:module'
import { ConfigError } from 'barre/core'

/** What pkcs11js is used for: its own types are there only where it could be built. */
export interface Library {
  load(path: string): void
  C_Initialize(): void
  C_Finalize(): void
  C_GetSlotList(withToken: boolean): Buffer[]
  C_GetTokenInfo(slot: Buffer): { readonly label: string }
  C_OpenSession(slot: Buffer, flags: number): Buffer
  C_CloseSession(session: Buffer): void
  C_Login(session: Buffer, user: number, pin: string): void
  C_FindObjectsInit(session: Buffer, template: readonly Attribute[]): void
  C_FindObjects(session: Buffer, most: number): Buffer[]
  C_FindObjectsFinal(session: Buffer): void
  C_GetAttributeValue(session: Buffer, object: Buffer, template: { type: number }[]): { value: Buffer }[]
  C_GenerateKeyPair(
    session: Buffer,
    mechanism: Mechanism,
    publicTemplate: readonly Attribute[],
    privateTemplate: readonly Attribute[],
  ): unknown
  C_DestroyObject(session: Buffer, object: Buffer): void
  C_SignInit(session: Buffer, mechanism: Mechanism, key: Buffer): void
  C_SignAsync(session: Buffer, data: Buffer, signature: Buffer): Promise<Buffer>
}

export interface Attribute {
  readonly type: number
  readonly value: number | boolean | string | Buffer
}

export interface Mechanism {
  readonly mechanism: number
  readonly parameter?: unknown
}

// The numbers of PKCS #11 2.40.
export const attributes = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  extractable: 0x162,
  curve: 0x180,
  point: 0x181,
} as const
export const classes = { publicKey: 0x2, privateKey: 0x3 } as const
export const sessionFlags: number = 0x2 | 0x4
export const userOfToken = 1
export const results = {
  pinIncorrect: 0xa0,
  pinInvalid: 0xa1,
  pinLengthWrong: 0xa2,
  pinLocked: 0xa4,
  alreadyLoggedIn: 0x100,
  alreadyInitialized: 0x191,
} as const

/** The result code of a call that failed. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

/** Loads the library of a device, which a process has once. Throws ConfigError naming a field below `path`. */
export function loadModule(file: string, path: string): Library {
  const library = new (importPkcs11(path))()
  try {
    library.load(file)
  } catch (cause) {
    throw new ConfigError(`${path}.module`, 'expected the shared library of a PKCS#11 device', { cause })
  }
  try {
    library.C_Initialize()
  } catch (cause) {
    if (codeOf(cause) !== results.alreadyInitialized) {
      throw new ConfigError(`${path}.module`, 'the library of the device cannot be started', { cause })
    }
  }
  return library
}

function importPkcs11(path: string): new () => Library {
  try {
    return (createRequire(import.meta.url)('pkcs11js') as { readonly PKCS11: new () => Library }).PKCS11
  } catch (cause) {
    throw new ConfigError(path, 'needs the pkcs11js library: npm install pkcs11js', { cause })
  }
}
