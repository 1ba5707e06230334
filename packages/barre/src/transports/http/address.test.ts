import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forwardedAddress, forwardedMaxHops, isLoopback, toTrusts } from './address.ts'

const trusts = toTrusts(['10.0.0.0/8', '::1', '192.0.2.7'], 'trustedProxies')

test('trusts the listed addresses and ranges only', () => {
  for (const address of ['10.1.2.3', '192.0.2.7', '::1']) assert.equal(trusts(address), true, address)
  for (const address of ['11.0.0.1', '192.0.2.8', '::2', 'localhost', '']) {
    assert.equal(trusts(address), false, address)
  }
})

for (const bad of [
  '',
  'proxy',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '::/129',
  '10.0.0/8',
]) {
  test(`${JSON.stringify(bad)} is no range`, () => {
    assert.throws(() => toTrusts(['::1', bad], 'trustedProxies'), { path: 'trustedProxies[1]' })
  })
}

const chains: readonly (readonly [name: string, forwarded: string[], peer: string, caller: string])[] = [
  ['without a header the peer itself', [], '10.0.0.1', '10.0.0.1'],
  ['the one address that the proxy names', ['203.0.113.9'], '10.0.0.1', '203.0.113.9'],
  [
    'the nearest address outside the proxies',
    ['1.1.1.1, 203.0.113.9', '10.0.0.2'],
    '10.0.0.1',
    '203.0.113.9',
  ],
  ['the last good address before a broken one', ['spoof, 10.0.0.3'], '10.0.0.1', '10.0.0.3'],
  ['an IPv4 address from its IPv6 form', ['::ffff:203.0.113.9'], '10.0.0.1', '203.0.113.9'],
]

for (const [name, forwarded, peer, caller] of chains) {
  test(`the caller is ${name}`, () => assert.equal(forwardedAddress(forwarded, peer, trusts), caller))
}

test('looks at a bounded number of hops', () => {
  const proxies = Array.from({ length: forwardedMaxHops - 1 }, () => '10.0.0.2')
  assert.equal(forwardedAddress(['203.0.113.9', ...proxies], '10.0.0.1', trusts), '203.0.113.9')
  assert.equal(forwardedAddress(['203.0.113.9', '10.0.0.2', ...proxies], '10.0.0.1', trusts), '10.0.0.2')
})

test('knows loopback', () => {
  for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) assert.ok(isLoopback(address))
  for (const address of ['0.0.0.0', '::', '128.0.0.1', '127.evil.example']) assert.ok(!isLoopback(address))
})
