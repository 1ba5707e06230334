import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { ok } from '../src/core/index.ts'
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
  parseJsonObject,
  readJws,
  signDetachedJws,
  signJws,
  signJwsJson,
  verifySignatures,
} from '../src/jose/index.ts'
import { fakeServices } from './fake-services.ts'
import { runFuzz } from './fuzz.ts'
import { mutate } from './mutate.ts'
import type { KeyObject } from 'node:crypto'
import type { Awaitable, Result } from '../src/core/index.ts'
import type { JweAlgorithm, JweEncryption, JsonObject, JwsAlgorithm } from '../src/jose/index.ts'
import type { Fuzz, FuzzTarget } from './fuzz.ts'

type Target = FuzzTarget<string>

/** The least that RFC 7518 §4.8.1.2 allows. */
export const passwordRoundsMin = 1000

const payload = 'Every wire, one rail.'
const path = 'key'

/** Tokens in all their forms, nested JSON Web Tokens too. */
export const fuzzJose = {
  jws: fuzzTexts(signed),
  jwe: fuzzTexts(encrypted),
  jwt: fuzzTexts(tokens),
} satisfies Record<string, Fuzz>

/** JWE under a password that is stretched so often. */
export function fuzzPasswordJwe(passwordIterations: number): Fuzz {
  return fuzzTexts(() => encryptedBy(passwordPairs(), passwordIterations))
}

function fuzzTexts(targets: () => Promise<readonly Target[]>): Fuzz {
  return async (count, seed) => runFuzz(await targets(), mutate, count, seed)
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

type Pair = readonly [JweAlgorithm, JweEncryption, { publicKey: KeyObject; privateKey: KeyObject }]

function passwordPairs(): readonly Pair[] {
  const shared = createSecretKey(randomBytes(16))
  const pair = { publicKey: shared, privateKey: shared }
  return [
    ['PBES2-HS256+A128KW', 'A256GCM', pair],
    ['PBES2-HS512+A256KW', 'A128CBC-HS256', pair],
  ]
}

function encrypted(): Promise<readonly Target[]> {
  const shared = createSecretKey(randomBytes(16))
  const agreed = generateKeyPairSync('x25519')
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pair = { publicKey: shared, privateKey: shared }
  const pairs: readonly Pair[] = [
    ['dir', 'A128GCM', pair],
    ['A128KW', 'A128CBC-HS256', pair],
    ['A128GCMKW', 'A192GCM', pair],
    ['RSA-OAEP-256', 'A256GCM', rsa],
    ['ECDH-ES', 'A256CBC-HS512', agreed],
    ['ECDH-ES+A128KW', 'A128GCM', curve],
  ]
  return encryptedBy(pairs, passwordRoundsMin)
}

async function encryptedBy(pairs: readonly Pair[], passwordIterations: number): Promise<readonly Target[]> {
  const targets: Target[] = []
  for (const [algorithm, encryption, { publicKey, privateKey }] of pairs) {
    const encrypting = importEncryptionKey(publicKey, { path, algorithm })
    const key = importDecryptionKey(privateKey, { path, algorithm })
    const open = async (jwe: string | JsonObject): Promise<Result<Buffer>> => {
      const decrypted = await decryptJwe(jwe, key, { inflate: true })
      return decrypted.ok ? ok(decrypted.value.plaintext) : decrypted
    }
    const options = { encryption, passwordIterations }
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
