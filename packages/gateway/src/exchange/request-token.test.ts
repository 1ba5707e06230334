import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServices } from 'barre/auth'
import { answerMaxBytes, tokenRequest } from './request-token.ts'

const config = { tokenUrl: 'https://sts.test/oauth2/token', clientId: 'gateway', clientSecret: 's' }

/** Asks a service that answers with `body`; what came out, as its token or the code of the refusal. */
async function ask(
  body: string,
  more: Partial<Parameters<typeof tokenRequest>[0]> = {},
): Promise<[string, RequestInit]> {
  let sent: RequestInit = {}
  const fetch = async (_url: unknown, init: RequestInit = {}): Promise<Response> => {
    sent = init
    return new Response(body)
  }
  const request = tokenRequest({ ...config, ...more }, fetch, createServices().log)
  const result = await request('subject', { audience: 'orders' })
  return [result.ok ? result.value.token.reveal() : result.denial.code, sent]
}

const good = '{"access_token":"abc","token_type":"bearer"}'

test('reads an answer as long as the limit says, and none longer', async () => {
  assert.equal((await ask(good.padEnd(answerMaxBytes)))[0], 'abc')
  assert.equal((await ask(good.padEnd(answerMaxBytes + 1)))[0], 'unavailable')
})

test('names no scope where the route names none', async () => {
  const [, { body }] = await ask(good)
  assert.equal(new URLSearchParams(body as string).has('scope'), false)
})

test('proves itself in the body where the service asks for that', async () => {
  const [, { headers, body }] = await ask(good, { authenticationMethod: 'client_secret_post' })
  assert.equal(new Headers(headers).has('authorization'), false)
  const form = new URLSearchParams(body as string)
  assert.deepEqual([form.get('client_id'), form.get('client_secret')], ['gateway', 's'])
})
