import { chain, ok, refuse } from '../core/index.ts'
import { compileChecks } from './claim-checks.ts'
import { parseJwt } from './claims.ts'
import { verifyJws } from './jws.ts'
import { createOpener } from './nested-jwt.ts'
import { toKeySet } from './signature-source.ts'
import { createTokenCache } from './token-cache.ts'
import type { Awaitable, Result, Services } from '../core/index.ts'
import type { ParsedJwt, Payload } from './claims.ts'
import type { VerificationKey } from './key.ts'
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
  const remember = (token: string, proven: Result<Payload>, key: VerificationKey): Result<Payload> => {
    if (proven.ok) cache.put(token, proven, key)
    return proven
  }
  /** `token` is what was sent: the cache knows it by that. */
  const judge = (signed: string, token: string): Awaitable<Result<Payload>> => {
    const parsed = parseJwt(signed)
    if (!parsed.ok) return parsed
    const nowMs = services.now()
    const denial = check(parsed.value, nowMs)
    if (denial !== undefined) return { ok: false, denial }
    return chain(keys.find(parsed.value.header), (key) =>
      key.ok ? remember(token, prove(parsed.value, key.value, nowMs), key.value) : key,
    )
  }
  return {
    validate(token) {
      const known = cache.get(token)
      if (known !== undefined) return known
      if (open === undefined) return judge(token, token)
      return chain(open(token), (signed) => (signed.ok ? judge(signed.value, token) : signed))
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
  return verified.ok ? ok(token.payload) : verified
}
