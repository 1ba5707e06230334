import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { find, header, keySetKit, verdict } from '../../../test/key-set-kit.ts'
import { failing, json, newJwk } from '../../../test/key-endpoint.ts'
import type { ServerResponse } from 'node:http'
import type { KeySetKit } from '../../../test/key-set-kit.ts'

let kit: KeySetKit

beforeEach(async () => {
  kit = await keySetKit()
})

afterEach(() => kit.close())

const faults: [claim: string, respond: (response: ServerResponse) => void, reason: RegExp][] = [
  ['an error status', failing, /answered with status 500/],
  ['a success other than 200', json({ keys: [] }, 206), /status 206/],
  ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end(), /redirects/],
  [
    'a redirect to another host',
    (response) => response.writeHead(307, { location: 'https://issuer.example/' }).end(),
    /redirects/,
  ],
  ['HTML', (response) => response.end('<html></html>'), /not JSON/],
  ['a truncated body', (response) => truncate(response), /could not be fetched/],
  ['a closed connection', (response) => response.destroy(), /could not be fetched/],
  ['bytes that are not UTF-8', (response) => response.end(Buffer.from([0x7b, 0xff, 0x7d])), /not UTF-8/],
  ['JSON of another kind', json([newJwk('one')]), /not a JSON object/],
  ['an object without keys', json({ key: newJwk('one') }), /list named keys/],
  ['keys that are no list', json({ keys: { one: newJwk('one') } }), /list named keys/],
  ['no key at all', json({ keys: [] }), /no key that can verify/],
  ['no usable key', json({ keys: [{ kty: 'oct', k: 'AAAA' }] }), /no key that can verify/],
  ['a duplicate member', (response) => response.end('{"keys":[],"keys":[]}'), /duplicate member/],
  ['one key too many', json({ keys: Array.from({ length: 101 }, () => ({ kty: 'EC' })) }), /at most 100/],
  ['JSON nested beyond any key set', (response) => response.end('['.repeat(100_000)), /not JSON/],
]

for (const [claim, fault, reason] of faults) {
  test(`at the start, ${claim} means unavailable and a retry, not invalid`, async () => {
    kit.endpoint.respond = fault
    const set = await kit.started()
    const refused = await set.find(header('one'))
    assert.equal(verdict(refused), 'unavailable')
    assert.equal(set.ready(), false)
    assert.match(String(kit.warnings.at(-1)?.fields['reason']), reason)
    assert.deepEqual(kit.time.delays, [1000])
    kit.endpoint.respond = json({ keys: [newJwk('one')] })
    await kit.runPlanned()
    assert.deepEqual([set.ready(), await find(set, 'one')], [true, 'key one'])
  })

  test(`later, ${claim} leaves the keys in place`, async () => {
    const set = await kit.started()
    kit.endpoint.respond = fault
    await kit.runPlanned()
    assert.deepEqual([set.ready(), await find(set, 'one')], [true, 'key one'])
    assert.equal(await find(set, 'unknown'), 'unavailable')
  })
}

function padded(size: number): (response: ServerResponse) => void {
  return (response) => response.end(JSON.stringify({ keys: [newJwk('one')] }).padEnd(size, ' '))
}

function truncate(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('{"keys":[', () => response.destroy())
}

test('a set of exactly 100 keys is taken', async () => {
  kit.endpoint.respond = json({ keys: Array.from({ length: 100 }, (_, index) => newJwk(`k${index}`)) })
  assert.equal(await find(await kit.started(), 'k99'), 'key k99')
})

test('cacheConfig.capacity lowers the most keys of a set', async () => {
  kit.endpoint.respond = json({ keys: [newJwk('a'), newJwk('b')] })
  assert.equal(await find(await kit.started({ cacheConfig: { capacity: 2 } }), 'a'), 'key a')
  assert.equal(await find(await kit.started({ cacheConfig: { capacity: 1 } }), 'a'), 'unavailable')
})

test('a body of exactly 512 KiB is read, one more byte is not', async () => {
  kit.endpoint.respond = padded(524_288)
  assert.equal(await find(await kit.started(), 'one'), 'key one')
  kit.endpoint.respond = padded(524_289)
  assert.equal(await find(await kit.started(), 'one'), 'unavailable')
})

test('a small body that unpacks to more than 512 KiB is not read', async () => {
  kit.endpoint.respond = (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' })
    response.end(gzipSync(JSON.stringify({ keys: [newJwk('one')] }).padEnd(524_289, ' ')))
  }
  assert.equal(await find(await kit.started(), 'one'), 'unavailable')
})

test('an endless body is cut off while it streams', async () => {
  let closed: Promise<void> | undefined
  kit.endpoint.respond = (response) => {
    closed = new Promise((resolve) => response.on('close', resolve))
    const pour = (): void => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
      if (!response.destroyed) response.once('drain', pour)
    }
    pour()
  }
  assert.equal(await find(await kit.started(), 'one'), 'unavailable')
  await closed
})

const slow: [claim: string, respond: (response: ServerResponse) => void][] = [
  ['answers nothing', () => {}],
  ['stops in the middle of the body', (response) => response.writeHead(200).write('{"keys":[')],
]

for (const [claim, stall] of slow) {
  test(`gives up after five seconds on an endpoint that ${claim}`, async () => {
    const reached = new Promise<void>((resolve) => {
      kit.endpoint.respond = (response) => {
        stall(response)
        resolve()
      }
    })
    const set = kit.make()
    const waiting = find(set, 'one')
    await reached
    kit.expireExchange()
    assert.equal(await waiting, 'unavailable')
    assert.match(String(kit.warnings[0]?.fields['reason']), /no answer within 5000 ms/)
  })
}
