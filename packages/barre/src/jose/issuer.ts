import { KeyObject } from 'node:crypto'
import { ConfigError, Secret, allowWeakSecret, chain } from '../core/index.ts'
import { openConfiguredStore, orConfigError } from '../crypto/keys/index.ts'
import { claimTypeProblem } from './claims.ts'
import { importSigningKey } from './import-key.ts'
import { expTimeDefaultSeconds } from './issuer-config.ts'
import { jwsAlgorithms } from './jws-algorithms.ts'
import { jwsSigner } from './jws.ts'
import { isKid, isSigner } from './key.ts'
import { isKeyRing } from './key-ring.ts'
import { createSealer } from './nested-jwt.ts'
import { readFile } from './signature-source.ts'
import type { Awaitable, Services } from '../core/index.ts'
import type { IssuerConfig, KeyStoreConfig, IssuerSignatureConfig } from './issuer-config.ts'
import type { Signer, SigningKey } from './key.ts'
import type { KeyRing } from './key-ring.ts'
import type { SigningKeyOptions } from './import-key.ts'

/** What one token says differently from the configuration. */
export interface IssueOptions {
  readonly subject?: string
  readonly audience?: string | readonly string[]
  /** Replace claims of the same name, the configured ones included. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Makes the tokens of one configuration. */
export interface Issuer {
  /**
   * A compact JWS with `exp` `lifetimeSeconds` from now. Throws a TypeError when a claim is not of its
   * registered type.
   */
  issue(options?: IssueOptions): Awaitable<string>
  readonly lifetimeSeconds: number
}

/**
 * Compiles a configuration of shape `issuerShape`: the key is read and checked now, or it is a ConfigError.
 * `typ` is for tokens that are no access tokens.
 */
export function createIssuer(
  config: IssuerConfig,
  services: Services,
  path: string,
  typ: string = config.profile ?? 'JWT',
): Issuer {
  const { expTime: lifetimeSeconds = expTimeDefaultSeconds } = config
  const sign = jwsSigner({ typ }, toSigner(config, path))
  const { encryptionConfig } = config
  const seal = encryptionConfig && createSealer(encryptionConfig, `${path}.encryptionConfig`)
  const problem = claimTypeProblem(config.customClaims ?? {})
  if (problem !== undefined) throw new ConfigError(`${path}.customClaims`, problem)
  return {
    lifetimeSeconds,
    issue(options = {}) {
      const claims = toClaims(config, options, Math.floor(services.now() / 1000), lifetimeSeconds)
      const wrong = claimTypeProblem(claims)
      if (wrong !== undefined) throw new TypeError(wrong)
      const signed = sign(JSON.stringify(claims))
      return seal === undefined ? signed : chain(signed, seal)
    },
  }
}

/** In the order of Ballerina's tokens: iss, sub, aud, jti, exp, nbf, iat, then the rest. */
function toClaims(
  config: IssuerConfig,
  options: IssueOptions,
  nowSeconds: number,
  lifetimeSeconds: number,
): Record<string, unknown> {
  return {
    iss: config.issuer,
    sub: options.subject ?? config.username,
    aud: options.audience ?? config.audience,
    jti: config.jwtId,
    exp: nowSeconds + lifetimeSeconds,
    nbf: nowSeconds,
    iat: nowSeconds,
    ...config.customClaims,
    ...options.claims,
  }
}

/** What signs the next token. */
function toSigner(config: IssuerConfig, path: string): () => Signer {
  const { config: source, algorithm } = config.signatureConfig
  if (!isSigner(source) && !isKeyRing(source)) {
    const key = toSigningKey(config, source, path)
    return () => key
  }
  if (config.keyId !== undefined) {
    throw new ConfigError(`${path}.keyId`, 'a signer or a key ring brings its own kid')
  }
  const next = isSigner(source) ? () => source : () => source.signer()
  if (algorithm === undefined || next().algorithm === algorithm) return next
  throw new ConfigError(`${path}.signatureConfig.algorithm`, `the signer is for ${next().algorithm}`)
}

type KeySource = Exclude<IssuerSignatureConfig['config'], Signer | KeyRing>

function toSigningKey(config: IssuerConfig, source: KeySource, path: string): SigningKey {
  const { algorithm = 'RS256', [allowWeakSecret]: allowWeak = false } = config.signatureConfig
  const { keyId: kid } = config
  if (kid !== undefined && !isKid(kid)) {
    throw new ConfigError(`${path}.keyId`, 'expected at most 256 bytes without control characters')
  }
  const keyPath = `${path}.signatureConfig.config`
  const options = { path: keyPath, algorithm, allowWeak, ...(kid !== undefined && { kid }) }
  if (source instanceof KeyObject) return importSigningKey(source, options)
  if (typeof source === 'string' || source instanceof Secret) return fromSecret(source, options)
  if ('keyStore' in source) return importSigningKey(fromKeyStore(source, keyPath), options)
  const { keyFile, keyPassword: password } = source
  const pem = readFile(keyFile, `${keyPath}.keyFile`).toString('utf8')
  return importSigningKey(pem, { ...options, ...(password !== undefined && { password }) })
}

function fromKeyStore({ keyStore, keyAlias, keyPassword }: KeyStoreConfig, path: string): KeyObject {
  const store = openConfiguredStore(keyStore, `${path}.keyStore`)
  return orConfigError(path, () => store.privateKey(keyAlias, { password: keyPassword }))
}

/** Text in this place is a shared secret, whatever it looks like: keys come from files or as KeyObjects. */
function fromSecret(secret: string | Secret, options: SigningKeyOptions): SigningKey {
  if (jwsAlgorithms[options.algorithm].secretMinBytes !== undefined) return importSigningKey(secret, options)
  throw new ConfigError(
    options.path,
    `${options.algorithm} needs { keyFile } or a KeyObject; for a shared secret set algorithm: 'HS256'`,
  )
}
