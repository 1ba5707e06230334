// Why: a key that never leaves its device is proven with a device; SoftHSM is one that every machine can have.
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyObject } from 'node:crypto'
import type { RealServer } from './server.ts'

/** A key pair that was made on the device and cannot leave it. */
interface DeviceKey {
  readonly publicKey: KeyObject
  sign(input: Buffer): Promise<Buffer>
}

/** What a test does with the device, once it runs. */
export interface Device {
  /** Fills in how to make keys when the device has started. */
  generate?: (algorithm: 'ES256' | 'RS256') => DeviceKey
  /** Where it is, and what opens it, when it has started. */
  token?: { readonly module: string; readonly tokenLabel: string; readonly pin: string }
}

export const softhsm: RealServer<Device> = {
  name: 'softhsm',
  packages: ['softhsm2'],
  program: 'softhsm2-util',
  nodePackage: 'pkcs11js',
  start(device) {
    const folder = mkdtempSync(join(tmpdir(), 'barre-softhsm-'))
    const configFile = join(folder, 'softhsm2.conf')
    mkdirSync(join(folder, 'tokens'))
    writeFileSync(configFile, `directories.tokendir = ${join(folder, 'tokens')}\nlog.level = ERROR\n`)
    process.env['SOFTHSM2_CONF'] = configFile
    const pins = ['--so-pin', pin, '--pin', pin]
    execFileSync(softhsm.program, ['--init-token', '--free', '--label', 'barre', ...pins], { stdio: 'pipe' })
    device.token = { module: libraryFile, tokenLabel: 'barre', pin }
    // Only then: who logs in first logs in for the whole process.
    let opened: ReturnType<typeof open> | undefined
    device.generate = (algorithm) => {
      opened ??= open()
      return generators[algorithm](opened.library, opened.session)
    }
    return Promise.resolve({
      ports: {},
      stop() {
        opened?.library.C_Finalize()
        rmSync(folder, { recursive: true })
        return Promise.resolve()
      },
    })
  },
}

const pin = '1234'

/** The part of pkcs11js that is used: its own types are there only where it could be built. */
interface Library {
  load(path: string): void
  C_Initialize(): void
  C_Finalize(): void
  C_GetSlotList(withToken: boolean): Buffer[]
  C_OpenSession(slot: Buffer, flags: number): Buffer
  C_Login(session: Buffer, user: number, pin: string): void
  C_GenerateKeyPair(
    session: Buffer,
    mechanism: { mechanism: number },
    publicTemplate: Attribute[],
    privateTemplate: Attribute[],
  ): { publicKey: Buffer; privateKey: Buffer }
  C_GetAttributeValue(session: Buffer, key: Buffer, template: { type: number }[]): { value: Buffer }[]
  C_SignInit(session: Buffer, mechanism: { mechanism: number }, key: Buffer): void
  C_SignAsync(session: Buffer, data: Buffer, signature: Buffer): Promise<Buffer>
}

interface Attribute {
  readonly type: number
  readonly value: number | boolean | Buffer
}

// From the PKCS#11 headers.
const serialSession = 0x4
const readWriteSession = 0x2
const userOfToken = 1
const attributes = {
  token: 0x1,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  modulusBits: 0x121,
  curve: 0x180,
}
const modulus = { type: 0x120 }
const publicExponent = { type: 0x122 }
const point = { type: 0x181 }
const generateRsa = { mechanism: 0x0 }
const sha256Rsa = { mechanism: 0x40 }
const generateEc = { mechanism: 0x1040 }
const ecdsa = { mechanism: 0x1041 }
const p256 = Buffer.from('06082a8648ce3d030107', 'hex')
/** The library that softhsm2 of Debian brings. */
const libraryFile = '/usr/lib/softhsm/libsofthsm2.so'

function open(): { readonly library: Library; readonly session: Buffer } {
  const { PKCS11 } = createRequire(import.meta.url)('pkcs11js') as { readonly PKCS11: new () => Library }
  const library = new PKCS11()
  library.load(libraryFile)
  library.C_Initialize()
  const slot = library.C_GetSlotList(true)[0]
  if (slot === undefined) throw new Error('SoftHSM shows no token')
  const session = library.C_OpenSession(slot, serialSession | readWriteSession)
  library.C_Login(session, userOfToken, pin)
  return { library, session }
}

const generators: Readonly<Record<'ES256' | 'RS256', (library: Library, session: Buffer) => DeviceKey>> = {
  ES256(library, session) {
    const pair = generate(library, session, generateEc, { type: attributes.curve, value: p256 })
    const [found] = library.C_GetAttributeValue(session, pair.publicKey, [point])
    // An octet string around the uncompressed point: 04 41 04, x, y.
    const [x, y] = [[3, 35], [35]].map(([from, to]) => found?.value.subarray(from, to).toString('base64url'))
    return {
      publicKey: createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' }),
      sign(input) {
        library.C_SignInit(session, ecdsa, pair.privateKey)
        const digest = createHash('sha256').update(input).digest()
        return library.C_SignAsync(session, digest, Buffer.alloc(64))
      },
    }
  },
  RS256(library, session) {
    const pair = generate(library, session, generateRsa, { type: attributes.modulusBits, value: 2048 })
    const values = library.C_GetAttributeValue(session, pair.publicKey, [modulus, publicExponent])
    const [n, e] = values.map(({ value }) => value.toString('base64url'))
    return {
      publicKey: createPublicKey({ key: { kty: 'RSA', n: n ?? '', e: e ?? '' }, format: 'jwk' }),
      sign(input) {
        library.C_SignInit(session, sha256Rsa, pair.privateKey)
        return library.C_SignAsync(session, input, Buffer.alloc(256))
      },
    }
  },
}

function generate(library: Library, session: Buffer, mechanism: { mechanism: number }, kind: Attribute) {
  return library.C_GenerateKeyPair(
    session,
    mechanism,
    [{ type: attributes.verify, value: true }, kind],
    [
      { type: attributes.token, value: false },
      { type: attributes.sensitive, value: true },
      { type: attributes.sign, value: true },
    ],
  )
}
