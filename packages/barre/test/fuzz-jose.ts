import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { ConfigError, ok } from '../src/core/index.ts'
import {
  createIssuer,
  createValidator,
  decryptJwe,
  encryptJwe,
  encryptJweJson,
  importDecryptionKey,
  importEncryptionKey,
  importSigningKey,
  importVerificationJwk,
  importVerificationKey,
  importVerificationSet,
  parseJsonObject,
  readJws,
  signDetachedJws,
  signJws,
  signJwsJson,
  verifySignatures,
} from '../src/jose/index.ts'
import { fakeServices } from './fake-services.ts'
import { createNumbers, mutate } from './mutate.ts'
import type { Awaitable, Result } from '../src/core/index.ts'
import type { JweAlgorithm, JweEncryption, Jwk, JsonObject, JwsAlgorithm } from '../src/jose/index.ts'

/** Something to change, and what must not come of it. */
interface Target {
  readonly name: string
  readonly original: string
  /** Whether the changed text is accepted as what it must not be. Anything thrown is a finding too. */
  accepts(changed: string): Awaitable<boolean>
}

const payload = 'Every wire, one rail.'
const path = 'key'

/** What is changed: tokens in all forms, JSON Web Tokens (nested ones too), and keys. */
export const fuzzGroups = { jws: signed, jwe: encrypted, jwt: tokens, jwk: keys } as const

/** Changes texts of a group `count` times and answers with the changed texts that were accepted: there must be none. */
export async function fuzzJose(
  group: keyof typeof fuzzGroups,
  count: number,
  seed: number,
): Promise<readonly string[]> {
  const targets = await fuzzGroups[group]()
  const numbers = createNumbers(seed)
  const findings: string[] = []
  for (let round = 0; round < count; round++) {
    const target = targets[round % targets.length]
    if (target === undefined) continue
    const changed = mutate(target.original, numbers)
    if (changed !== target.original && (await accepts(target, changed)))
      findings.push(`${target.name}: ${changed}`)
  }
  return findings
}

async function accepts(target: Target, changed: string): Promise<boolean> {
  try {
    return await target.accepts(changed)
  } catch (cause) {
    throw new Error(`${target.name} threw for ${JSON.stringify(changed)}`, { cause })
  }
}

async function signed(): Promise<readonly Target[]> {
  const ed = generateKeyPairSync('ed25519')
  const secret = createSecretKey(randomBytes(32))
  const signers = [
    importSigningKey(ed.privateKey, { path, algorithm: 'EdDSA' }),
    importSigningKey(secret, { path, algorithm: 'HS256', kid: 'mac' }),
  ]
  const mac = { kty: 'oct', k: secret.export().toString('base64url'), alg: 'HS256' satisfies JwsAlgorithm }
  const ours = [importVerificationKey(ed.publicKey, { path }), importVerificationJwk(mac, { path })]
  const detachedPayload = Buffer.from(payload)
  const read = (jws: string | JsonObject, options = {}): Result<Buffer> => {
    const parsed = readJws(jws, options)
    if (!parsed.ok) return parsed
    const verified = verifySignatures(parsed.value, ours, 'any')
    return verified.ok ? ok(parsed.value.payload) : verified
  }
  const targets: Target[] = []
  for (const key of signers) {
    const compact = await signJws({ typ: 'JWT' }, payload, key)
    targets.push({ name: `${key.algorithm} compact`, original: compact, accepts: (text) => read(text).ok })
    const original = await signDetachedJws(payload, { key }, { unencoded: true })
    targets.push({ name: 'b64', original, accepts: (text) => read(text, { detachedPayload }).ok })
  }
  for (const requests of [signers.slice(1), signers]) {
    const original = JSON.stringify(
      await signJwsJson(
        payload,
        requests.map((key) => ({ key })),
      ),
    )
    targets.push({
      name: 'JWS JSON',
      original,
      accepts: (text) => fromJson(text, (json) => isOther(read(json))),
    })
  }
  return targets
}

/** In JSON, spaces and unprotected members may change; what was protected may not. */
function isOther(result: Result<Buffer>): boolean {
  return result.ok && result.value.toString() !== payload
}

function fromJson(text: string, judge: (json: JsonObject) => Awaitable<boolean>): Awaitable<boolean> {
  const json = parseJsonObject(Buffer.from(text), 'the token')
  return json.ok && judge(json.value)
}

async function encrypted(): Promise<readonly Target[]> {
  const shared = createSecretKey(randomBytes(16))
  const agreed = generateKeyPairSync('x25519')
  const pair = { publicKey: shared, privateKey: shared }
  const pairs: readonly (readonly [JweAlgorithm, JweEncryption, typeof agreed])[] = [
    ['dir', 'A128GCM', pair],
    ['A128KW', 'A128CBC-HS256', pair],
    ['A128GCMKW', 'A192GCM', pair],
    ['PBES2-HS256+A128KW', 'A256GCM', pair],
    ['ECDH-ES', 'A256CBC-HS512', agreed],
    ['ECDH-ES+A128KW', 'A128GCM', agreed],
  ]
  const targets: Target[] = []
  for (const [algorithm, encryption, { publicKey, privateKey }] of pairs) {
    const encrypting = importEncryptionKey(publicKey, { path, algorithm })
    const key = importDecryptionKey(privateKey, { path, algorithm })
    const open = async (jwe: string | JsonObject): Promise<Result<Buffer>> => {
      const decrypted = await decryptJwe(jwe, key, { inflate: true })
      return decrypted.ok ? ok(decrypted.value.plaintext) : decrypted
    }
    const options = { encryption, passwordIterations: 1000 }
    const original = await encryptJwe(payload, encrypting, options)
    const json = JSON.stringify(await encryptJweJson(payload, [encrypting], options))
    targets.push(
      { name: `${algorithm} compact`, original, accepts: async (text) => (await open(text)).ok },
      {
        name: `${algorithm} JSON`,
        original: json,
        accepts: (text) => fromJson(text, async (member) => isOther(await open(member))),
      },
    )
  }
  return targets
}

async function tokens(): Promise<readonly Target[]> {
  const services = fakeServices(() => Date.UTC(2030, 0))
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const reader = generateKeyPairSync('x25519')
  const said = { issuer: 'sts', audience: 'orders' }
  const signatureConfig = { algorithm: 'EdDSA', config: privateKey } as const
  const encryptionConfig = { algorithm: 'ECDH-ES', config: reader.publicKey } as const
  const decryptionConfig = { algorithm: 'ECDH-ES', config: reader.privateKey } as const
  const expected = { ...said, signatureConfig: { certFile: publicKey } }
  const plain = createValidator(expected, services, 'plain')
  const nested = createValidator({ ...expected, decryptionConfig }, services, 'nested')
  return [
    {
      name: 'JWT',
      original: await createIssuer({ ...said, signatureConfig }, services, 'issuer').issue(),
      accepts: async (text) => (await plain.validate(text)).ok,
    },
    {
      name: 'nested JWT',
      original: await createIssuer(
        { ...said, signatureConfig, encryptionConfig },
        services,
        'issuer',
      ).issue(),
      accepts: async (text) => (await nested.validate(text)).ok,
    },
  ]
}

/** A changed key may still be a key; it must be one or a ConfigError, and nothing else. */
function keys(): readonly Target[] {
  const jwks = [
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    generateKeyPairSync('ed25519').publicKey,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
    createSecretKey(randomBytes(32)),
  ].map((key) => key.export({ format: 'jwk' }) as Jwk)
  const imports: readonly ((jwk: JsonObject) => unknown)[] = [
    (jwk) => importVerificationJwk(jwk as Jwk, { path }),
    (jwk) => importDecryptionKey(jwk as Jwk, { path }),
    (jwk) => importVerificationSet({ keys: [jwk] }, { path }),
  ]
  return jwks.map((jwk) => ({
    name: `JWK ${jwk.kty}`,
    original: JSON.stringify({ ...jwk, kid: 'one', use: 'sig' }),
    accepts: (text) =>
      fromJson(text, (json) => {
        for (const attempt of imports) expectConfigError(() => attempt(json))
        return false
      }),
  }))
}

function expectConfigError(attempt: () => unknown): void {
  try {
    attempt()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
}
