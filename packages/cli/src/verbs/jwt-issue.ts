import { createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConfigError } from 'barre/core'
import { importVerificationKey, jwsAlgorithmNames } from 'barre/jose'
import { jwt } from 'barre/jwt'
import { Failure, listOption, textOption, UsageError } from '../verb.ts'
import { readSecret, secondsOption } from '../terms.ts'
import type { IssuerSignatureConfig } from 'barre/jose'
import type { IssuerConfig, JwsAlgorithm } from 'barre/jwt'
import type { Secret } from 'barre/core'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Signs a token and prints it. iat and nbf are now, exp is --expires-in later.

  --key FILE             a PEM private key
  --key-password-file F  the password of an encrypted key
  --secret-file FILE     a shared secret, for HS256, HS384, HS512
  --alg ALG              default: the first that the key fits (RS256, ES256, EdDSA, ...; HS256)
  --issuer I             iss
  --subject S            sub
  --audience A           aud; may be repeated
  --scope S              scope; may be repeated
  --claim NAME=JSON      any other claim; a value that is no JSON is text; may be repeated
  --key-id K             kid, in the header
  --expires-in SECONDS   default 300`

export const verb: Verb = {
  usage: [
    '--key FILE [--key-password-file FILE] [--alg ALG] [--issuer I] [--subject S] [--audience A] [--scope S] ...',
    '--secret-file FILE [--alg ALG] [--issuer I] [--subject S] [--audience A] [--scope S] ...',
  ],
  help,
  options: {
    key: { type: 'string' },
    'key-password-file': { type: 'string' },
    'secret-file': { type: 'string' },
    alg: { type: 'string' },
    issuer: { type: 'string' },
    subject: { type: 'string' },
    audience: { type: 'string', multiple: true },
    scope: { type: 'string', multiple: true },
    claim: { type: 'string', multiple: true },
    'key-id': { type: 'string' },
    'expires-in': { type: 'string' },
  },
  async run(input, io) {
    const config = await toConfig(input)
    try {
      io.stdout.write(`${await jwt.issue(config)}\n`)
    } catch (error) {
      throw error instanceof ConfigError ? new Failure(error.message, { cause: error }) : error
    }
    return 0
  },
}

async function toConfig(input: VerbInput): Promise<IssuerConfig> {
  const audience = listOption(input, 'audience')
  const expTime = secondsOption(input, 'expires-in')
  const named = { issuer: 'issuer', username: 'subject', keyId: 'key-id' }
  const texts = Object.entries(named).map(([field, option]) => [field, textOption(input, option)] as const)
  return {
    ...Object.fromEntries(texts.filter(([, value]) => value !== undefined)),
    ...(audience.length > 0 && { audience: audience.length === 1 ? audience[0]! : audience }),
    ...(expTime !== undefined && { expTime }),
    customClaims: toClaims(input),
    signatureConfig: await toSignatureConfig(input),
  }
}

function toClaims(input: VerbInput): Record<string, unknown> {
  const scopes = listOption(input, 'scope')
  const claims = listOption(input, 'claim').map(toClaim)
  return { ...(scopes.length > 0 && { scope: scopes.join(' ') }), ...Object.fromEntries(claims) }
}

function toClaim(assignment: string): [name: string, value: unknown] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(assignment) ?? []
  if (name === undefined || value === undefined) throw new UsageError('--claim is NAME=JSON')
  try {
    return [name, JSON.parse(value)]
  } catch {
    return [name, value]
  }
}

async function toSignatureConfig(input: VerbInput): Promise<IssuerSignatureConfig> {
  const keyFile = textOption(input, 'key')
  const secretFile = textOption(input, 'secret-file')
  if ((keyFile === undefined) === (secretFile === undefined)) {
    throw new UsageError('give one of --key and --secret-file')
  }
  const algorithm = toAlgorithm(textOption(input, 'alg'))
  if (secretFile !== undefined) {
    return { algorithm: algorithm ?? 'HS256', config: await readSecret(secretFile) }
  }
  const passwordFile = textOption(input, 'key-password-file')
  const keyPassword = passwordFile === undefined ? undefined : await readSecret(passwordFile)
  return {
    algorithm: algorithm ?? (await algorithmOf(keyFile ?? '', keyPassword)),
    config: { keyFile: keyFile ?? '', ...(keyPassword && { keyPassword }) },
  }
}

function toAlgorithm(name: string | undefined): JwsAlgorithm | undefined {
  const known = jwsAlgorithmNames.find((one) => one === name)
  if (name === undefined || known !== undefined) return known
  throw new UsageError(`--alg is one of ${jwsAlgorithmNames.join(', ')}`)
}

/** The first algorithm that a key fits: RSA keys fit several. */
async function algorithmOf(keyFile: string, password: Secret | undefined): Promise<JwsAlgorithm> {
  try {
    const pem = await readFile(keyFile, 'utf8')
    const key = createPublicKey({ key: pem, ...(password && { passphrase: password.reveal() }) })
    return importVerificationKey(key, { path: 'key' }).algorithms[0]!
  } catch (error) {
    const reason = error instanceof ConfigError ? error.message : 'the key cannot be read'
    throw new Failure(`${keyFile}: ${reason}`, { cause: error })
  }
}
