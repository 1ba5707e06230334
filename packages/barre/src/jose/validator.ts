import { acceptFrozen, chain, ok, refuse } from '../core/index.ts'
import { compileChecks } from './claim-checks.ts'
import { parseJwt } from './claims.ts'
import { verifyJws } from './jws.ts'
import { createOpener } from './nested-jwt.ts'
import { toKeySet } from './signature-source.ts'
import { createTokenCache, digestOf } from './token-cache.ts'
import type { Awaitable, Result, Services } from '../core/index.ts'
import type { ParsedJwt, Payload } from './claims.ts'
import type { VerificationKey } from './key.ts'
import type { TokenDigest } from './token-cache.ts'
import type { ValidatorConfig } from './validator-config.ts'

/** Decides about the tokens of one issuer. */
export interface Validator {
  /**
   * The payload of a token that holds; at once unless keys have to be fetched. Never throws, never rejects.
   */
  validate(token: string): Awaitable<Result<Payload>>
  /** Whether keys are at hand. */
  ready(): boolean
  close(): Promise<void>
}

/** Compiles a configuration of shape `validatorShape`: all that can be wrong with it is a ConfigError now. */
export function createValidator(config: ValidatorConfig, services: Services, path: string): Validator {
  const check = compileChecks(config, path)
  const keys = toKeySet(config.signatureConfig, services, `${path}.signatureConfig`)
  const { decryptionConfig } = config
  const open = decryptionConfig && createOpener(decryptionConfig, `${path}.decryptionConfig`)
  const cache = createTokenCache(config.cacheConfig ?? {}, keys, services)
  const remember = (digest: TokenDigest, proven: Result<Payload>, key: VerificationKey): Result<Payload> => {
    if (proven.ok) cache.put(digest, proven, key)
    return proven
  }
  /** `digest` is of what was sent: the cache knows it by that. */
  const judge = (signed: string, digest: TokenDigest): Awaitable<Result<Payload>> => {
    const parsed = parseJwt(signed)
    if (!parsed.ok) return parsed
    const nowMs = services.now()
    const denial = check(parsed.value, nowMs)
    if (denial !== undefined) return { ok: false, denial }
    return chain(keys.find(parsed.value.header), (key) =>
      key.ok ? remember(digest, prove(parsed.value, key.value, nowMs), key.value) : key,
    )
  }
  return {
    validate(token) {
      const digest = digestOf(token)
      const known = cache.get(digest)
      if (known !== undefined) return known
      if (open === undefined) return judge(token, digest)
      return chain(open(token), (signed) => (signed.ok ? judge(signed.value, digest) : signed))
    },
    ready: () => keys.ready?.() ?? true,
    async close() {
      cache.close()
      await keys.close?.()
    },
  }
}

function prove(token: ParsedJwt, key: VerificationKey, nowMs: number): Result<Payload> {
  if (key.validity !== undefined && (nowMs < key.validity.fromMs || nowMs > key.validity.toMs)) {
    return refuse('invalid', 'the certificate of the key is outside its validity period')
  }
  const verified = verifyJws(token.jws, key)
  if (!verified.ok) return verified
  // Read by parseJsonObject, which freezes what it hands out: principals then share it, and copy nothing.
  acceptFrozen(token.payload)
  return ok(token.payload)
}
