import { hash } from 'node:crypto'
import { ConfigError, chain, refuse } from 'barre/core'
import { argon2idForm, parseArgon2id, queuePasswordWork, verifyArgon2id } from 'barre/crypto'
import { createValidator } from 'barre/jose'
import { mutualTls } from 'barre/listener'
import type { Awaitable, Call, Denial, Services } from 'barre/core'
import type { Argon2idHash } from 'barre/crypto'
import type { Payload } from 'barre/jose'
import type { ClientConfig } from '../config.ts'
import type { AuthenticationMethod } from './client.ts'

/** What a request shows to say which client sent it. */
export type Presented =
  | {
      readonly kind: 'client_secret_basic' | 'client_secret_post'
      readonly clientId: string
      readonly clientSecret: string
    }
  | { readonly kind: 'assertion'; readonly clientId: string; readonly assertion: string }
  | { readonly kind: 'identifier'; readonly clientId: string; readonly certificate?: ClientCertificate }

/** The certificate of a connection. */
export interface ClientCertificate {
  readonly der: Uint8Array
  /** Whether one of the listener's authorities signed it. */
  readonly isTrusted: boolean
}

/** Decides whether a request comes from the client. */
export interface ClientProof {
  /** Answers with the refusal, or nothing. */
  prove(presented: Presented): Awaitable<Denial | undefined>
  close?(): Promise<void>
}

/** What proofs take from the service. */
export interface ProofContext {
  readonly services: Services
  readonly issuer: string
  readonly tokenUrl: string
  /** Answers whether an id is new, and remembers it until it expires. */
  remember(id: string, nowMs: number, expiresAtMs: number): Promise<boolean>
  /** Random, of this process alone, of one length: secrets that were right once are known by their hash with it. */
  readonly pepper: string
}

type ProofFactory = (config: ClientConfig, context: ProofContext, path: string) => ClientProof

/** One row for each way that a client can prove itself. */
const factories: Readonly<Record<AuthenticationMethod, ProofFactory>> = {
  client_secret_basic: (config, { pepper }, path) =>
    secretProof(parseSecretHash(config, path), pepper, 'client_secret_basic'),
  client_secret_post: (config, { pepper }, path) =>
    secretProof(parseSecretHash(config, path), pepper, 'client_secret_post'),
  private_key_jwt: assertionProof,
  tls_client_auth: trustedCertificateProof,
  self_signed_tls_client_auth: knownCertificateProof,
  // RFC 6749 §2.1: a public client has nothing to prove itself with; PKCE proves that it is the one that asked.
  none: () => ({ prove: ({ kind }) => (kind === 'identifier' ? undefined : anotherMethod) }),
}

/** Throws ConfigError naming the field below `path`. */
export function createProof(
  method: AuthenticationMethod,
  config: ClientConfig,
  context: ProofContext,
  path: string,
): ClientProof {
  return factories[method](config, context, path)
}

const anotherMethod = refuse('invalid', 'the client is registered for another way to authenticate').denial

export function parseSecretHash({ secretHash }: ClientConfig, path: string): Argon2idHash {
  const parsed = parseArgon2id(required(secretHash, `${path}.secretHash`))
  if (parsed !== undefined) return parsed
  throw new ConfigError(`${path}.secretHash`, `expected ${argon2idForm}; the secret itself is never kept`)
}

/**
 * argon2id is slow on purpose; a secret that was right once is known again by its hash behind random text that only
 * this process has: nobody can steer it, so that the time of a comparison tells nothing. One hash is kept, none for a
 * failure. `method` absent: nothing is right, at the same cost.
 */
export function secretProof(
  stored: Argon2idHash,
  pepper: string,
  method?: 'client_secret_basic' | 'client_secret_post',
): ClientProof {
  let known: string | undefined
  const matches = (secret: string): Awaitable<boolean> | undefined => {
    const peppered = hash('sha256', pepper + secret)
    if (known === peppered) return true
    return queuePasswordWork(async () => {
      const isRight = await verifyArgon2id(secret, stored)
      if (isRight && method !== undefined) known = peppered
      return isRight
    })
  }
  return {
    prove(presented) {
      if (presented.kind === 'assertion' || presented.kind === 'identifier') return anotherMethod
      const outcome = matches(presented.clientSecret)
      if (outcome === undefined) return refuse('throttled', 'too many clients authenticate now').denial
      return chain(outcome, (isRight) => {
        if (!isRight || method === undefined)
          return refuse('invalid', 'unknown client or wrong secret').denial
        // The secret was right, so this tells nobody anything new.
        return presented.kind === method ? undefined : anotherMethod
      })
    },
  }
}

/** The longest that an assertion may be good for, and its skew, in seconds. */
export const assertionLifetimeMaxSeconds = 300
const skewSeconds = 10

/** RFC 7523 §3, with the audience of its successor: the issuer, and nothing beside it. */
function assertionProof(config: ClientConfig, context: ProofContext, path: string): ClientProof {
  const { clientId, jwks, jwksConfig, assertionAudience } = config
  const { services, issuer, tokenUrl } = context
  if ((jwks === undefined) === (jwksConfig === undefined)) {
    throw new ConfigError(
      `${path}.jwks`,
      'private_key_jwt needs jwks or jwksConfig: the public keys of the client',
    )
  }
  const validator = createValidator(
    {
      issuer: clientId,
      username: clientId,
      audience: assertionAudience === 'token-endpoint' ? [issuer, tokenUrl] : issuer,
      clockSkew: skewSeconds,
      signatureConfig: { jwksConfig: jwksConfig ?? { jwks: jwks ?? { keys: [] } } },
    },
    services,
    path,
  )
  return {
    async prove(presented) {
      if (presented.kind !== 'assertion') return anotherMethod
      const result = await validator.validate(presented.assertion)
      if (!result.ok) return result.denial
      const nowMs = services.now()
      const problem = assertionProblem(result.value, nowMs)
      if (problem !== undefined) return refuse('invalid', problem).denial
      const { exp = 0, jti } = result.value
      const isNew = await context.remember(`assertion:${clientId}:${jti}`, nowMs, (exp + skewSeconds) * 1000)
      return isNew ? undefined : refuse('invalid', 'the assertion was used before').denial
    },
    close: () => validator.close(),
  }
}

function assertionProblem({ jti, exp = 0, aud }: Payload, nowMs: number): string | undefined {
  if (jti === undefined || jti === '' || jti.length > 256)
    return 'the assertion has no jti of at most 256 characters'
  if (typeof aud !== 'string' && aud?.length !== 1) return 'the assertion is meant for others too'
  const isShort = exp * 1000 <= nowMs + (assertionLifetimeMaxSeconds + skewSeconds) * 1000
  return isShort ? undefined : `the assertion is good for more than ${assertionLifetimeMaxSeconds} seconds`
}

/** RFC 8705 §2.1: a certificate of the listener's authorities, with this name. */
function trustedCertificateProof(
  config: ClientConfig,
  { services }: ProofContext,
  path: string,
): ClientProof {
  const place = `${path}.certificateIdentity`
  const identity = required(config.certificateIdentity, place)
  const provider = named(place, () => mutualTls({ identities: { [identity]: [] } }, services))
  return {
    prove(presented) {
      const certificate = certificateOf(presented)
      if (certificate === undefined) return noCertificate
      if (!certificate.isTrusted) return refuse('invalid', 'no known authority signed the certificate').denial
      const call = toCall(certificate.der)
      return chain(provider.verify(certificate.der, call), (result) =>
        result.ok ? undefined : result.denial,
      )
    },
  }
}

/** The error of a field that the client's configuration has under another name. */
function named<T>(path: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new ConfigError(path, 'expected spiffe://domain/path, dns:name, cn:name or email:address', {
      cause,
    })
  }
}

/** RFC 8705 §2.2: one of the client's own certificates, whoever signed it. */
function knownCertificateProof(config: ClientConfig, _context: ProofContext, path: string): ClientProof {
  const thumbprints = new Set(required(config.certificateThumbprints, `${path}.certificateThumbprints`))
  return {
    prove(presented) {
      const certificate = certificateOf(presented)
      if (certificate === undefined) return noCertificate
      if (thumbprints.has(certificateThumbprint(certificate))) return undefined
      return refuse('invalid', 'the certificate is none of the client').denial
    },
  }
}

/** RFC 8705 §3.1: the SHA-256 of a certificate, as tokens and configurations write it. */
export function certificateThumbprint({ der }: ClientCertificate): string {
  return hash('sha256', der, 'base64url')
}

const noCertificate = refuse('invalid', 'the client is known by its certificate, and none was shown').denial

function certificateOf(presented: Presented): ClientCertificate | undefined {
  return presented.kind === 'identifier' ? presented.certificate : undefined
}

function toCall(certificate: Uint8Array): Call {
  return {
    method: 'POST',
    target: '',
    signal: AbortSignal.abort(),
    peer: { certificate, encrypted: true },
    metadata: () => [],
  }
}

function required<T>(value: T | undefined, path: string): T {
  if (value !== undefined) return value
  throw new ConfigError(path, 'required for this authenticationMethod, but absent')
}
