import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { basic, client, secret, testSts, withUsers } from './fixture.ts'
import type { TestContext } from 'node:test'
import type { ClientConfig, StsConfig } from '../src/index.ts'
import type { TestSts, TokenAnswer } from './fixture.ts'

export const verifier = 'v'.repeat(43)
export const redirectUri = 'https://app.test/callback'
export const asked = {
  client_id: 'app',
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: 'add_order',
  state: 'a state & more',
  code_challenge: hash('sha256', verifier, 'base64url'),
  code_challenge_method: 'S256',
}

/** A browser: follows nothing, keeps cookies. */
export interface Browser {
  get(query: Readonly<Record<string, string>>): Promise<Response>
  /** Sends the login page's form. */
  submit(
    login: string,
    form: Readonly<Record<string, string>>,
    headers?: Record<string, string>,
  ): Promise<Response>
  cookies: string[]
}

export function browser({ url }: TestSts): Browser {
  const cookies: string[] = []
  const keep = (response: Response): Response => {
    for (const cookie of response.headers.getSetCookie()) cookies.push(cookie.split(';', 1)[0] ?? '')
    return response
  }
  return {
    cookies,
    get: async (query) =>
      keep(
        await fetch(`${url}/oauth2/authorize?${new URLSearchParams(query).toString()}`, {
          redirect: 'manual',
        }),
      ),
    submit: (login, form, headers = {}) =>
      fetch(`${url}/oauth2/authorize`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: cookies.join('; '), ...headers },
        body: new URLSearchParams({ login, ...form }),
      }),
  }
}

export const alice = { username: 'alice', password: 'wonderland', decision: 'allow' }

export async function loginOf(response: Response): Promise<string> {
  return /name="login" value="([\w-]{22})"/.exec(await response.text())?.[1] ?? ''
}

export async function start(
  t: TestContext,
  own: Partial<ClientConfig> = {},
  more: Partial<StsConfig> = {},
): Promise<TestSts> {
  const app = await client('app', {
    clientName: 'The <App>',
    grants: ['authorization_code', 'refresh_token'],
    redirectUris: [redirectUri, 'http://127.0.0.1/native'],
    ...own,
  })
  return testSts(t, { ...(await withUsers(t)), clients: [await client('gateway'), app], ...more })
}

/** Logs alice in, and answers with where the browser is sent. */
export async function authorize(sts: TestSts, query: Readonly<Record<string, string>> = asked): Promise<URL> {
  const user = browser(sts)
  const response = await user.submit(await loginOf(await user.get(query)), alice)
  assert.equal(response.status, 303)
  return new URL(response.headers.get('location') ?? '')
}

export function redeem(
  sts: TestSts,
  code: string | null,
  more: Readonly<Record<string, string>> = {},
  as = 'app',
): Promise<TokenAnswer> {
  const form = {
    grant_type: 'authorization_code',
    code: code ?? '',
    redirect_uri: redirectUri,
    code_verifier: verifier,
  }
  return sts.token({ ...form, ...more }, basic(as, secret))
}
