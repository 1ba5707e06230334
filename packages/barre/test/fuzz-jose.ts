import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { ConfigError, isPromise } from '../src/core/index.ts'
import {
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
import { createNumbers, mutate } from './mutate.ts'
import type { Result } from '../src/core/index.ts'
import type { JweAlgorithm, Jwk, JsonObject, JwsAlgorithm } from '../src/jose/index.ts'

/** Something to change, and what must not come of it. */
interface Target {
  readonly name: string
  readonly original: string
  /** Whether the changed text is accepted as what it must not be. Anything thrown is a finding too. */
  accepts(changed: string): boolean
}

const payload = 'Every wire, one rail.'
const path = 'key'

/** Changes tokens and keys `count` times and answers with the changed texts that were accepted: there must be none. */
export async function fuzzJose(count: number, seed: number): Promise<readonly string[]> {
  const targets = [...(await signed()), ...(await encrypted()), ...keys()]
  const numbers = createNumbers(seed)
  const findings: string[] = []
  for (let round = 0; round < count; round++) {
    const target = targets[round % targets.length]
    if (target === undefined) continue
    const changed = mutate(target.original, numbers)
    if (changed !== target.original && accepts(target, changed)) findings.push(`${target.name}: ${changed}`)
  }
  return findings
}

function accepts(target: Target, changed: string): boolean {
  try {
    return target.accepts(changed)
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
    return verified.ok ? { ok: true, value: parsed.value.payload } : verified
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

function fromJson(text: string, judge: (json: JsonObject) => boolean): boolean {
  const json = parseJsonObject(Buffer.from(text), 'the token')
  return json.ok && judge(json.value)
}

async function encrypted(): Promise<readonly Target[]> {
  const shared = createSecretKey(randomBytes(16))
  const agreed = generateKeyPairSync('x25519')
  const pairs: readonly (readonly [JweAlgorithm, typeof agreed])[] = [
    ['dir', { publicKey: shared, privateKey: shared }],
    ['A128KW', { publicKey: shared, privateKey: shared }],
    ['A128GCMKW', { publicKey: shared, privateKey: shared }],
    ['ECDH-ES', agreed],
    ['ECDH-ES+A128KW', agreed],
  ]
  const targets: Target[] = []
  for (const [algorithm, { publicKey, privateKey }] of pairs) {
    const encrypting = importEncryptionKey(publicKey, { path, algorithm })
    const key = importDecryptionKey(privateKey, { path, algorithm })
    const open = (jwe: string | JsonObject): Result<Buffer> => {
      const decrypted = decryptJwe(jwe, key, { inflate: true })
      if (isPromise(decrypted)) throw new Error('only PBES2 takes time')
      return decrypted.ok ? { ok: true, value: decrypted.value.plaintext } : decrypted
    }
    const compact = await encryptJwe(payload, encrypting, { encryption: 'A128GCM' })
    targets.push({ name: `${algorithm} compact`, original: compact, accepts: (text) => open(text).ok })
    const json = JSON.stringify(await encryptJweJson(payload, [encrypting], { encryption: 'A128GCM' }))
    targets.push({
      name: `${algorithm} JSON`,
      original: json,
      accepts: (text) => fromJson(text, (member) => isOther(open(member))),
    })
  }
  return targets
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
