import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { addressGuard } from './address-guard.ts'
import { createFetch } from './index.ts'

const verdicts = [
  ['8.8.8.8', true],
  ['172.15.255.255', true],
  ['172.32.0.0', true],
  ['2606:4700::1', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['169.254.169.254', false],
  ['172.16.0.0', false],
  ['172.31.255.255', false],
  ['192.168.1.1', false],
  ['198.19.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['::ffff:169.254.169.254', false],
  ['64:ff9b::a9fe:a9fe', false],
  ['fd00::1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['2002:a9fe:a9fe::1', false],
  ['2001:db8::1', false],
  ['localhost', false],
] as const

for (const [address, allowed] of verdicts) {
  test(`${address} is ${allowed ? 'public' : 'refused'}`, () => {
    assert.equal(addressGuard({}, '').allows(address), allowed)
  })
}

test('an address or range that is named is allowed, its neighbours are not', () => {
  const guard = addressGuard({ allowedAddresses: ['10.1.0.0/16', '::1'] }, '')
  const tried = ['10.1.255.255', '10.2.0.0', '::1', '::2'].map((address) => guard.allows(address))
  assert.deepEqual(tried, [true, false, true, false])
})

test('what is no address stops the start', () => {
  for (const entry of ['', 'localhost', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1']) {
    assert.throws(() => addressGuard({ allowedAddresses: [entry] }, 'allowed'), { path: 'allowed[0]' })
  }
})

test('a guarded fetch does not connect to loopback, by address or by name, unless allowed', async (context) => {
  let connections = 0
  const server = createServer((_request, response) => response.end('reached'))
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const guarded = createFetch({}, '', {}, {})
  const allowed = createFetch({}, '', {}, { allowedAddresses: ['127.0.0.1'] })
  context.after(async () => {
    await Promise.all([guarded.close?.(), allowed.close?.()])
    server.close()
  })
  const hosts = ['127.0.0.1', 'localhost', '127.1', '2130706433', '0x7f.1']
  for (const scheme of ['http', 'https']) {
    for (const host of hosts) {
      const error = await guarded(`${scheme}://${host}:${port}/`).catch((reason: unknown) => reason)
      assert.equal(((error as Error).cause as { code?: string }).code, 'EGRESS_REFUSED', host)
    }
  }
  assert.equal(connections, 0)
  for (const host of ['127.0.0.1', 'localhost']) {
    assert.equal(await (await allowed(`http://${host}:${port}/`)).text(), 'reached')
  }
})
