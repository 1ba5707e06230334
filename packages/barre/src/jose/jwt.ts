import { refuse } from '../core/index.ts'
import { decodeJwt } from './claims.ts'
import { createIssuer } from './issuer.ts'
import { issuerShape } from './issuer-config.ts'
import { createValidator } from './validator.ts'
import { validatorShape } from './validator-config.ts'
import type { Awaitable, Result, Services } from '../core/index.ts'
import type { Decoded, Payload } from './claims.ts'
import type { Issuer } from './issuer.ts'
import type { IssuerConfig } from './issuer-config.ts'
import type { Validator } from './validator.ts'
import type { ValidatorConfig } from './validator-config.ts'

/**
 * The imperative form. A configuration object is compiled at its first use and never looked at again: do not
 * change it.
 */
export interface Jwt {
  /** A signed token. Throws ConfigError when the configuration cannot be used. */
  issue(config: IssuerConfig): Awaitable<string>
  /**
   * The payload of a token that holds, or why not. Throws ConfigError when the configuration cannot be used.
   */
  validate(token: string, config: ValidatorConfig): Awaitable<Result<Payload>>
  /** What a token says, proven by nothing. */
  decode(token: string): Result<Decoded>
}

/** How many configurations stay compiled. A program that makes a new object for each call compiles each time. */
export const compiledMax = 100

export function createJwt(services: Services): Jwt {
  const issuers = new WeakMap<IssuerConfig, Issuer>()
  const validators = new Map<ValidatorConfig, Validator>()
  return {
    issue(config) {
      const issuer =
        issuers.get(config) ?? createIssuer(issuerShape.check(config, 'config'), services, 'config')
      issuers.set(config, issuer)
      return issuer.issue()
    },
    validate(token, config) {
      const validator =
        validators.get(config) ?? createValidator(validatorShape.check(config, 'config'), services, 'config')
      keep(validators, config, validator)
      return isText(token) ? validator.validate(token) : noText
    },
    decode: (token) => (isText(token) ? decodeJwt(token) : noText),
  }
}

// A query or a body may hold a list, or nothing, where a program reads a token: that is the caller's doing, no bug.
function isText(token: unknown): token is string {
  return typeof token === 'string'
}

const noText = refuse('malformed', 'the token is not text')

/** A validator holds caches, and timers where keys are fetched: the one not used for longest is closed to make room. */
function keep(
  validators: Map<ValidatorConfig, Validator>,
  config: ValidatorConfig,
  validator: Validator,
): void {
  validators.delete(config)
  validators.set(config, validator)
  if (validators.size <= compiledMax) return
  const [oldest] = validators
  if (oldest === undefined) return
  validators.delete(oldest[0])
  void oldest[1].close()
}
