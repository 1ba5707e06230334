import { readFileSync } from 'node:fs'
import { KeyObject } from 'node:crypto'
import { ConfigError, allowWeakSecret } from '../core/index.ts'
import { openConfiguredStore, orConfigError } from '../crypto/keys/index.ts'
import { importSecret, importVerificationKey } from './import-key.ts'
import { parseJsonObject } from './json.ts'
import { localKeySet, selectOwnKey, singleKey } from './key-set.ts'
import { remoteKeySet } from './jwks/remote-key-set.ts'
import type { Secret, Services } from '../core/index.ts'
import type { KeySet } from './key-set.ts'
import type { VerificationKey } from './key.ts'
import type { JwksConfig, TrustStoreConfig, ValidatorSignatureConfig } from './validator-config.ts'

/** The largest key set that is read, in bytes. */
export const jwksMaxBytes = 524_288

const ways = ['jwksConfig', 'certFile', 'trustStoreConfig', 'secret', 'keys'] as const

/** The keys that a `signatureConfig` names. Throws ConfigError unless it names exactly one usable way. */
export function toKeySet(config: ValidatorSignatureConfig, services: Services, path: string): KeySet {
  const given = ways.filter((name) => config[name] !== undefined)
  if (given.length !== 1) {
    throw new ConfigError(path, `expected exactly one of ${ways.join(', ')}: there is ${describe(given)}`)
  }
  if (config.jwksConfig !== undefined)
    return fromJwksConfig(config.jwksConfig, services, `${path}.jwksConfig`)
  if (config.certFile !== undefined) return fromCertFile(config.certFile, services, `${path}.certFile`)
  if (config.secret !== undefined) {
    return fromSecret(config.secret, config[allowWeakSecret] ?? false, `${path}.secret`)
  }
  const { keys } = config
  if (keys !== undefined) return { find: (header) => selectOwnKey(keys, header) }
  return fromTrustStore(config.trustStoreConfig!, services, `${path}.trustStoreConfig`)
}

function describe(given: readonly string[]): string {
  return given.length === 0 ? 'no way to check a signature' : given.join(' and ')
}

function fromJwksConfig(config: JwksConfig, services: Services, path: string): KeySet {
  const given = (['url', 'file', 'jwks'] as const).filter((name) => config[name] !== undefined)
  if (given.length !== 1) throw new ConfigError(path, 'expected exactly one of url, file, jwks')
  if (config.jwks !== undefined) return localKeySet(config.jwks, `${path}.jwks`, services.log)
  if (config.url !== undefined) return remoteKeySet({ ...config, url: config.url }, services, path)
  return fromJwksFile(config.file ?? '', services, `${path}.file`)
}

function fromJwksFile(file: string, services: Services, path: string): KeySet {
  const document = parseJsonObject(readFile(file, path), 'the key set', jwksMaxBytes)
  if (!document.ok) throw new ConfigError(path, document.denial.detail)
  return localKeySet(document.value, path, services.log)
}

function fromCertFile(source: string | KeyObject, services: Services, path: string): KeySet {
  const key = importVerificationKey(
    source instanceof KeyObject ? source : readFile(source, path).toString('utf8'),
    { path },
  )
  return validKey(key, services, path)
}

function fromTrustStore(config: TrustStoreConfig, services: Services, path: string): KeySet {
  const store = openConfiguredStore(config.trustStore, `${path}.trustStore`)
  const aliasPath = `${path}.certAlias`
  const [certificate] = orConfigError(aliasPath, () => store.certificates(config.certAlias))
  if (certificate === undefined) throw new ConfigError(aliasPath, 'the alias has no certificate')
  return validKey(importVerificationKey(certificate.toString(), { path: aliasPath }), services, aliasPath)
}

function validKey(key: VerificationKey, services: Services, path: string): KeySet {
  const nowMs = services.now()
  if (key.validity !== undefined && (nowMs < key.validity.fromMs || nowMs > key.validity.toMs)) {
    throw new ConfigError(
      path,
      'the certificate is not valid now: its validity period has passed or not begun',
    )
  }
  return singleKey(key)
}

function fromSecret(secret: string | Secret, allowWeak: boolean, path: string): KeySet {
  return singleKey(importSecret(secret, { path, allowWeak }))
}

/** Reads a file that the configuration names. */
export function readFile(file: string, path: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError(path, `the file cannot be read${code}`, { cause })
  }
}
