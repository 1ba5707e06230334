import { Secret, isRecord, ok, readBody, refuse } from 'barre/core'
import type { Fetch, Log, Result } from 'barre/core'
import type { ExchangeConfig, StsClientConfig } from '../config.ts'

/** A token of the token service. */
export interface ExchangedToken {
  readonly token: Secret
  /** 0 when the service did not say: then the token is used once. */
  readonly lifetimeSeconds: number
}

/** Asks for a token that stands for `subjectToken`. Never rejects. */
export type RequestToken = (subjectToken: string, wanted: ExchangeConfig) => Promise<Result<ExchangedToken>>

/** The largest answer of the token service that is read, in bytes. */
export const answerMaxBytes = 65_536

/** What the token service answered. */
interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** One token exchange (RFC 8693 §2): asks, then judges the answer. */
export function tokenRequest(config: StsClientConfig, fetch: Fetch, log: Log): RequestToken {
  const identity = toIdentity(config)
  return async (subjectToken, wanted) => {
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: wanted.audience,
      ...(wanted.scopes && { scope: wanted.scopes.join(' ') }),
      ...identity.parameters,
    })
    const answer = await send(config.tokenUrl, form, identity.headers, fetch)
    const judged = judge(answer, wanted)
    if (!judged.ok && judged.denial.code === 'unavailable') {
      log.error({ tokenUrl: config.tokenUrl, audience: wanted.audience }, judged.denial.detail)
    }
    return judged
  }
}

interface Identity {
  readonly headers: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
}

/** RFC 6749 §2.3.1. */
function toIdentity({ clientId, clientSecret, authenticationMethod }: StsClientConfig): Identity {
  const secret = clientSecret instanceof Secret ? clientSecret.reveal() : clientSecret
  if (authenticationMethod === 'client_secret_post') {
    return { headers: {}, parameters: { client_id: clientId, client_secret: secret } }
  }
  const pair = Buffer.from(`${formEncode(clientId)}:${formEncode(secret)}`).toString('base64')
  return { headers: { authorization: `Basic ${pair}` }, parameters: {} }
}

function formEncode(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1)
}

/** `undefined`: no answer that can be read. */
async function send(
  url: string,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>>,
  fetch: Fetch,
): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      },
      body: form.toString(),
    })
    const body: unknown = JSON.parse(await readText(response))
    return isRecord(body) ? { status: response.status, body } : undefined
  } catch {
    return undefined
  }
}

async function readText(response: Response): Promise<string> {
  const body = await readBody(response, answerMaxBytes)
  if (body === undefined) throw new RangeError('the answer is too large')
  return body.toString('utf8')
}

// RFC 6750 §2.1: what a bearer token is made of.
const tokenForm = /^[A-Za-z0-9\-._~+/]+=*$/

function judge(answer: Answer | undefined, wanted: ExchangeConfig): Result<ExchangedToken> {
  if (answer === undefined) return refuse('unavailable', 'the token service did not answer')
  if (answer.status !== 200) return judgeError(answer, wanted)
  const { access_token: token, token_type: type, expires_in: lifetime } = answer.body
  if (typeof token !== 'string' || !tokenForm.test(token) || String(type).toLowerCase() !== 'bearer') {
    return refuse('unavailable', 'the token service answered without a bearer token')
  }
  const lifetimeSeconds = typeof lifetime === 'number' && lifetime > 0 ? lifetime : 0
  return ok({ token: new Secret(token), lifetimeSeconds })
}

/** RFC 8693 §2.2.2: two of the errors are about the caller; the others say that the gateway is not set up rightly. */
function judgeError({ status, body }: Answer, wanted: ExchangeConfig): Result<ExchangedToken> {
  const { error } = body
  if (status === 400 && error === 'invalid_request') {
    return refuse('invalid', 'the token service did not accept the subject token')
  }
  if (status === 400 && error === 'invalid_scope') {
    return refuse('insufficient_scope', 'the subject may not have the scopes of the route', {
      ...(wanted.scopes && { scopes: wanted.scopes }),
    })
  }
  return refuse('unavailable', `the token service answered ${status} ${String(error).slice(0, 40)}`)
}
