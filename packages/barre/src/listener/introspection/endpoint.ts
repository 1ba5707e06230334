import {
  checkEndpoint,
  CircuitBreaker,
  describeFetchError,
  readBody,
  refuse,
  retryAfterMs,
} from '../../core/index.ts'
import type { Result, Services } from '../../core/index.ts'
import { createValidator } from '../../jose/index.ts'
import type { Validator } from '../../jose/index.ts'
import { answerMaxBytes, readAnswer, readSignedAnswer } from './answer.ts'
import type { Answer } from './answer.ts'
import type { IntrospectionConfig } from './config.ts'
import { discoverUrl } from '../discover.ts'

/** Where tokens are asked about. */
export interface IntrospectionEndpoint {
  /** One exchange. Never rejects: whatever goes wrong is `unavailable`. */
  ask(token: string, optionalParams: Readonly<Record<string, string>>): Promise<Result<Answer>>
  /** Whether the endpoint answers, as far as is known. */
  ready(): boolean
  close(): Promise<void>
}

const signedType = 'token-introspection+jwt'

/** Compiles what the configuration says about the endpoint. Throws ConfigError. */
export function introspectionEndpoint(
  config: IntrospectionConfig,
  services: Services,
  path: string,
): IntrospectionEndpoint {
  const { clientConfig = {}, issuer = '', tokenTypeHint } = config
  const configured =
    config.url === undefined ? undefined : checkEndpoint(config.url, `${path}.url`, clientConfig)
  if (configured === undefined) checkEndpoint(issuer, `${path}.issuer`, clientConfig)
  const fetch = services.fetchFor(clientConfig, `${path}.clientConfig`)
  const validator = toValidator(config, services, path)
  const breaker = new CircuitBreaker(() => (services.random(1)[0] ?? 0) / 255)
  let discovered: URL | undefined

  const locate = async (): Promise<URL> => {
    if (discovered !== undefined) return discovered
    const found = await discoverUrl(issuer, 'introspection_endpoint', fetch, clientConfig)
    if (!found.ok) throw new Error(`${found.denial.detail}: configure url`)
    discovered = found.value
    return discovered
  }
  const exchange = async (body: URLSearchParams): Promise<Result<Answer>> => {
    const url = configured ?? (await locate())
    const accept = validator === undefined ? 'application/json' : `application/${signedType}`
    const response = await fetch(url, { method: 'POST', headers: { accept }, body, redirect: 'manual' })
    if (!response.ok) return failure(response, services.now())
    const bytes = await readBody(response, answerMaxBytes)
    if (bytes === undefined) return refuse('unavailable', `an answer of more than ${answerMaxBytes} bytes`)
    return readTyped(response, bytes, validator)
  }
  return {
    async ask(token, optionalParams) {
      const waitMs = breaker.enter(services.now())
      if (waitMs > 0) return unavailableFor('the introspection endpoint keeps failing', waitMs)
      const body = new URLSearchParams({ ...config.optionalParams, ...optionalParams, token })
      if (tokenTypeHint !== undefined) body.set('token_type_hint', tokenTypeHint)
      const answer = await exchange(body).catch((error: unknown) =>
        refuse('unavailable', `the introspection endpoint cannot be asked: ${describeFetchError(error)}`),
      )
      if (answer.ok) breaker.succeeded()
      else {
        breaker.failed(services.now(), (answer.denial.retryAfterSeconds ?? 0) * 1000)
        services.log.warn({ url: config.url ?? issuer, reason: answer.denial.detail }, 'introspection failed')
      }
      return answer
    },
    ready: () => breaker.waitMs(services.now()) === 0 && (validator?.ready() ?? true),
    async close() {
      await Promise.all([validator?.close(), fetch.close?.()])
    },
  }
}

function toValidator(
  config: IntrospectionConfig,
  services: Services,
  path: string,
): Validator<Answer> | undefined {
  const { signedAnswers, issuer } = config
  if (signedAnswers === undefined || issuer === undefined) return undefined
  // RFC 9701 §5: iss, aud and iat are there, an expiry is not. Each answer comes once, so one is remembered at most.
  const rules = { ...signedAnswers, issuer, requireExp: false, cacheConfig: { capacity: 1 } }
  return createValidator(rules, services, `${path}.signedAnswers`, readSignedAnswer, signedType)
}

async function readTyped(
  response: Response,
  bytes: Buffer,
  validator: Validator<Answer> | undefined,
): Promise<Result<Answer>> {
  const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
  const expected = `application/${validator === undefined ? 'json' : signedType}`
  if (type !== expected) return refuse('unavailable', `the answer is not of type ${expected}`)
  if (validator === undefined) return readAnswer(bytes)
  const validated = await validator.validate(bytes.toString('latin1'))
  if (validated.ok) return validated
  return refuse('unavailable', `the signed answer does not hold: ${validated.denial.detail}`)
}

async function failure(response: Response, nowMs: number): Promise<Result<never>> {
  await response.body?.cancel()
  const isRedirect = response.status >= 300 && response.status < 400
  const problem = isRedirect
    ? 'the introspection endpoint redirects, which is not followed: configure the final URL'
    : `the introspection endpoint answered with status ${response.status}`
  return unavailableFor(problem, retryAfterMs(response.headers, nowMs))
}

function unavailableFor(detail: string, waitMs: number): Result<never> {
  return refuse('unavailable', detail, waitMs > 0 ? { retryAfterSeconds: Math.ceil(waitMs / 1000) } : {})
}
