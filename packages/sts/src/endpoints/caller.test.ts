import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory, testSts } from '../../test/fixture.ts'
import { asked, start } from '../../test/login.ts'
import type { TestContext } from 'node:test'
import type { StsConfig } from '../index.ts'
import type { TestSts, TokenAnswer } from '../../test/fixture.ts'

const grant = { grant_type: 'client_credentials' }
const behindProxy = { trustedProxies: ['127.0.0.0/8'] }

function from(sts: TestSts, forwardedFor: string, authorization: string | null = null): Promise<TokenAnswer> {
  return sts.post('/oauth2/token', grant, authorization, { 'x-forwarded-for': forwardedFor })
}

/** The addresses that the audit names, after requests with these X-Forwarded-For. */
async function audited(
  t: TestContext,
  more: Partial<StsConfig>,
  forwarded: readonly string[],
): Promise<readonly unknown[]> {
  const auditFile = join(temporaryDirectory(t), 'audit.jsonl')
  const sts = await testSts(t, { auditFile, ...more })
  for (const value of forwarded) await from(sts, value)
  await sts.running.close()
  const lines = readFileSync(auditFile, 'utf8').trimEnd().split('\n')
  return lines.map((line) => (JSON.parse(line) as { address: unknown }).address)
}

test('behind a trusted proxy the audit names the caller, as far as proxies are trusted', async (t) => {
  const addresses = await audited(t, behindProxy, [
    '198.51.100.7',
    '203.0.113.9, 198.51.100.7',
    '198.51.100.7, 127.0.0.9',
    '::ffff:198.51.100.7',
    'no address',
  ])
  const [seen, proxy] = ['198.51.100.7', '127.0.0.1']
  assert.deepEqual(addresses, [seen, seen, seen, seen, proxy])
})

test('nobody else says where a request comes from', async (t) => {
  for (const more of [{}, { trustedProxies: ['10.0.0.0/8'] }]) {
    assert.deepEqual(await audited(t, more, ['198.51.100.7']), ['127.0.0.1'])
  }
})

test('callers behind one proxy have limits of their own, and none escapes by naming more hops', async (t) => {
  const sts = await testSts(t, { ...behindProxy, limits: { refusalsPerMinute: 2 } })
  const [caller, other] = ['198.51.100.7', '198.51.100.8']
  const statuses = []
  for (const value of [caller, `203.0.113.1, ${caller}`, `203.0.113.2, ${caller}`, other]) {
    statuses.push((await from(sts, value)).status)
  }
  assert.deepEqual(statuses, [401, 401, 429, 401])
})

test('logins begun are counted by the address behind the proxy too', async (t) => {
  const sts = await start(t, {}, { ...behindProxy, limits: { loginsPerMinute: 1 } })
  const url = `${sts.url}/oauth2/authorize?${new URLSearchParams(asked).toString()}`
  const statuses = []
  for (const address of ['198.51.100.7', '198.51.100.7', '198.51.100.8']) {
    statuses.push((await fetch(url, { headers: { 'x-forwarded-for': address } })).status)
  }
  assert.deepEqual(statuses, [200, 429, 200])
})

test('a proxy that is no address stops the start', async (t) => {
  await assert.rejects(testSts(t, { trustedProxies: ['proxy.example'] }), { path: 'trustedProxies[0]' })
  await assert.rejects(testSts(t, { trustedProxies: [] }), { path: 'trustedProxies' })
})
