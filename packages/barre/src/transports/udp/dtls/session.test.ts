import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createTestCa } from '../../../../../../tools/test-ca.ts'
import { byCertificates, byKey, connectPair, established, faithful, until } from './test/dtls-pair.ts'
import type { Network, Pair } from './test/dtls-pair.ts'
import { createNumbers } from '../../../../test/mutate.ts'
import { cipherSuites, DtlsError } from './index.ts'
import { contentTypes, readRecords } from './record.ts'

const pki = await createTestCa()
after(() => pki.remove())
const certified = byCertificates(pki.server, pki.client)

for (const suite of cipherSuites.filter(({ signedBy }) => signedBy !== 'rsa')) {
  test(`${suite.names[0]} carries messages both ways`, async () => {
    const ways = suite.signedBy === undefined ? byKey : certified
    const client = { ...ways.client, suites: [suite] }
    const ends = await established(connectPair({ ...ways, client }))
    assert.equal((await ends.server.proven).suite, suite)
    ends.client.session.send(Buffer.from('ping'))
    ends.server.session.send(Buffer.from('pong'))
    await until(() => ends.client.heard.length + ends.server.heard.length === 2)
    assert.deepEqual([ends.client.heard, ends.server.heard], [['pong'], ['ping']])
  })
}

test('each side knows whom it speaks to', async () => {
  const { client, server } = await established(connectPair(certified))
  assert.match((await client.proven).certificate!.subject, /CN=server/)
  assert.match((await server.proven).certificate!.subject, /CN=client/)
  const known = await established(connectPair(byKey))
  assert.equal((await known.server.proven).pskIdentity, 'sensor')
})

/** Loses, doubles and reorders, as a seed decides. */
function unreliable(seed: number): Network {
  const numbers = createNumbers(seed)
  const late: (() => void)[] = []
  return (datagram, _by, deliver) => {
    const fate = numbers(10)
    if (fate < 3) return
    if (fate < 5) late.push(() => deliver(datagram))
    else deliver(datagram)
    if (fate === 9) deliver(datagram)
    if (fate === 8) for (const come of late.splice(0)) come()
  }
}

for (const datagramMaxBytes of [1232, 256]) {
  test(`a handshake survives a bad network, in datagrams of ${datagramMaxBytes} bytes`, async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    for (let seed = 1; seed <= 40; seed++) {
      const pair = connectPair(certified, unreliable(seed), {
        datagramMaxBytes,
        retransmission: { firstMs: 100, maxMs: 100 },
      })
      let isDone = false
      const done = pair.client.proven.then(() => (isDone = true))
      await until(
        () => isDone || pair.client.ends.length > 0,
        () => context.mock.timers.tick(10),
      )
      assert.deepEqual(pair.client.ends, [], `seed ${seed}`)
      await done
      await pair.server!.proven
    }
  })
}

test('nothing is sent again while the other side answers', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const pair = connectPair(certified)
  await established(pair)
  const before = pair.sent.length
  context.mock.timers.tick(3_600_000)
  await turn()
  assert.equal(pair.sent.length, before)
})

test('a lost flight is sent again after 1, 2 and 4 seconds, until the handshake takes too long', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const pair = connectPair(byKey, () => undefined, { handshakeTimeoutMs: 8000 })
  const counts: number[] = []
  for (let second = 0; second < 8; second++) {
    await turn()
    counts.push(pair.sent.length)
    context.mock.timers.tick(1000)
  }
  assert.deepEqual(counts, [1, 2, 2, 3, 3, 3, 3, 4])
  await assert.rejects(pair.client.proven, { code: 'timeout' })
})

/** Lets a handshake go as the network likes, and gives how each side ended. */
async function outcomes(pair: Pair): Promise<readonly (string | undefined)[]> {
  await until(() => pair.client.ends.length > 0 && (pair.server?.ends.length ?? 0) > 0)
  return [pair.client.ends[0]?.code, pair.server!.ends[0]?.code]
}

test('another key is bad_record_mac on both sides', async () => {
  const client = { ...byKey.client, psk: { identity: 'sensor', key: randomBytes(32) } }
  assert.deepEqual(await outcomes(connectPair({ ...byKey, client })), ['bad_record_mac', 'bad_record_mac'])
})

test('an unknown identity fares no better than a wrong key', async () => {
  const client = { ...byKey.client, psk: { identity: 'nobody', key: randomBytes(32) } }
  assert.deepEqual(await outcomes(connectPair({ ...byKey, client })), ['bad_record_mac', 'bad_record_mac'])
})

const refusals: readonly (readonly [claim: string, change: Partial<typeof byKey>, code: string])[] = [
  ['no suite in common', { server: { ...certified.server, suites: [] } }, 'handshake_failure'],
  [
    'no certificate where one is required',
    { client: { ...certified.client, identity: undefined } },
    'handshake_failure',
  ],
  [
    'a server that is not trusted',
    { client: { ...certified.client, judge: () => refuse('unknown_ca') } },
    'unknown_ca',
  ],
  [
    'a client that is not trusted',
    {
      server: {
        ...certified.server,
        clients: { isRequired: true, judge: () => refuse('certificate_expired') },
      },
    },
    'certificate_expired',
  ],
  [
    "a client that shows another's certificate",
    {
      client: {
        ...certified.client,
        identity: { ...certified.client.identity!, key: certified.server.identity!.key },
      },
    },
    'decrypt_error',
  ],
  [
    "a server that shows another's certificate",
    {
      server: {
        ...certified.server,
        identity: { ...certified.server.identity!, key: certified.client.identity!.key },
      },
    },
    'decrypt_error',
  ],
]
for (const [what, change, code] of refusals) {
  test(`${what}: ${code} on both sides`, async () => {
    assert.deepEqual(await outcomes(connectPair({ ...certified, ...change })), [code, code])
  })
}

function refuse(code: 'unknown_ca' | 'certificate_expired'): never {
  throw new DtlsError(code, 'as the test wants it')
}

test('a client without a trusted certificate is nobody, where none is required', async () => {
  const clients = { isRequired: false, judge: () => refuse('unknown_ca') }
  const { server } = await established(
    connectPair({ ...certified, server: { ...certified.server, clients } }),
  )
  assert.equal((await server.proven).certificate, undefined)
})

test('a changed handshake ends, whichever byte was changed', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const numbers = createNumbers(7)
  for (let round = 0; round < 60; round++) {
    let sent = 0
    const target = numbers(6)
    let result: string | undefined
    const spoil: Network = (datagram, _by, deliver) => {
      const changed = Buffer.from(datagram)
      // Behind the record's and the message's header: what those spoil is lost, and sent again.
      if (sent++ === target && changed.length > 40)
        changed[25 + numbers(changed.length - 25)]! ^= 1 << numbers(8)
      deliver(changed)
    }
    const pair = connectPair(certified, spoil, {
      handshakeTimeoutMs: 5000,
      retransmission: { firstMs: 50, maxMs: 50 },
    })
    pair.client.proven.then(
      () => (result = 'established'),
      (error: DtlsError) => (result = error.code),
    )
    await until(
      () => result !== undefined,
      () => context.mock.timers.tick(10),
    )
    // A change of what is lost and sent again is mended; no other leads to a connection whose ends differ.
    if (result !== 'established') continue
    const { client, server } = await established(pair)
    client.session.send(Buffer.from('ping'))
    await until(() => server.heard.length === 1)
  }
})

/** Two ends that know each other, and what the client sends from then on, which nobody delivers. */
async function intercepted(messages: readonly string[]) {
  let isCut = false
  const taken: Buffer[] = []
  const pair = connectPair(byKey, (datagram, by, deliver) => {
    if (isCut && by === 'client') taken.push(datagram)
    else faithful(datagram, by, deliver)
  })
  const ends = await established(pair)
  isCut = true
  for (const message of messages) ends.client.session.send(Buffer.from(message))
  await until(() => taken.length === messages.length)
  const deliver = (datagram: Buffer): void => pair.deliver('server', datagram)
  return { ...ends, taken, deliver, heard: async () => (await turn(), ends.server.heard) }
}

test('a repeated message is heard once', async () => {
  const { taken, deliver, heard } = await intercepted(['one'])
  for (let times = 0; times < 5; times++) deliver(taken[0]!)
  assert.deepEqual(await heard(), ['one'])
})

test('messages that overtake each other are heard as they come', async () => {
  const { taken, deliver, heard } = await intercepted(['one', 'two', 'three'])
  for (const datagram of taken.toReversed()) deliver(datagram)
  assert.deepEqual(await heard(), ['three', 'two', 'one'])
})

test('a message that is too far behind is lost', async () => {
  const messages = Array.from({ length: 65 }, (_, index) => String(index))
  const { taken, deliver, heard } = await intercepted(messages)
  deliver(taken[64]!)
  deliver(taken[0]!)
  deliver(taken[1]!)
  assert.deepEqual(await heard(), ['64', '1'])
})

const forgeries: readonly (readonly [what: string, forge: (record: Buffer) => Buffer])[] = [
  ['of another type', (record) => overwrite(record, 0, contentTypes.alert)],
  ['of another version', (record) => overwrite(record, 2, 0xff)],
  ['of epoch 0', (record) => overwrite(record, 4, 0)],
  ['of epoch 2', (record) => overwrite(record, 4, 2)],
  ['of another number', (record) => overwrite(record, 10, record[10]! + 1)],
  ['cut', (record) => record.subarray(0, -1)],
  ['cut, with a length to match', (record) => overwrite(record.subarray(0, -1), 12, record[12]! - 1)],
  ['longer', (record) => overwrite(Buffer.concat([record, Buffer.of(0)]), 12, record[12]! + 1)],
  ['with another nonce', (record) => overwrite(record, 15, record[15]! ^ 1)],
  ['with another text', (record) => overwrite(record, 22, record[22]! ^ 1)],
  ['with another tag', (record) => overwrite(record, record.length - 1, record.at(-1)! ^ 1)],
  ['without a payload', (record) => overwrite(record.subarray(0, 13), 12, 0)],
]
for (const [what, forge] of forgeries) {
  test(`a record ${what} is dropped, and the connection goes on`, async () => {
    const { taken, deliver, heard, server } = await intercepted(['genuine'])
    deliver(forge(Buffer.from(taken[0]!)))
    assert.deepEqual(await heard(), [])
    deliver(taken[0]!)
    assert.deepEqual([await heard(), server.ends], [['genuine'], []])
  })
}

function overwrite(record: Buffer, at: number, octet: number): Buffer {
  const changed = Buffer.from(record)
  changed[at] = octet
  return changed
}

test('alerts and handshakes in clear text are nothing to an open connection', async () => {
  const pair = connectPair(byKey)
  const { client, server } = await established(pair)
  for (const { by, datagram } of pair.sent.slice()) {
    if (by === 'client' && readRecords(datagram)[0]?.epoch === 0) pair.deliver('server', datagram)
  }
  pair.deliver('server', Buffer.from('15fefd0000000000000009000202 28'.replaceAll(' ', ''), 'hex'))
  client.session.send(Buffer.from('still there'))
  await until(() => server.heard.length === 1)
  assert.deepEqual(server.ends, [])
})

test('the end is told, and nothing is sent after it', async () => {
  const { client, server } = await established(connectPair(byKey))
  client.session.close()
  await until(() => server.ends.length === 1)
  assert.deepEqual([client.ends, server.ends], [[undefined], [undefined]])
  assert.equal(server.session.send(Buffer.from('late')), false)
})

test('a message fits a datagram, or is not sent', async () => {
  const { client, server } = await established(connectPair(byKey))
  const { dataMaxBytes } = client.session
  assert.equal(client.session.send(Buffer.alloc(dataMaxBytes, 'x')), true)
  await until(() => server.heard.length === 1)
  assert.equal(server.heard[0]?.length, dataMaxBytes)
  assert.equal(client.session.send(Buffer.alloc(dataMaxBytes + 1)), false)
})
