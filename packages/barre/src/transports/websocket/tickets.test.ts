import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, isOpen, open, say, serveSockets } from '../../../test/websocket-wire.ts'
import type { Asked, SocketService } from '../../../test/websocket-wire.ts'
import { toOrigins } from './origins.ts'
import { Tickets, ticketsMax, ticketSeconds, ticketsPerCredentialMax } from './tickets.ts'

const origin = 'https://shop.example'
const options = { publicOrigin: 'https://orders.example', allowedOrigins: [origin] } as const

function mint({ live }: SocketService, token = 'alice.60', from: string | undefined = origin): string {
  const minted = live.mintTicket({ headers: { authorization: `Bearer ${token}`, origin: from } })
  assert.ok(minted.ok)
  assert.match(minted.value.ticket, /^[A-Za-z0-9_-]{43}$/)
  assert.equal(minted.value.expiresInSeconds, ticketSeconds)
  return minted.value.ticket
}

async function status(asking: Promise<Asked>): Promise<number> {
  const asked = await asking
  return isOpen(asked) ? 101 : asked.status
}

test('a ticket opens one connection, for the caller of the credential that it stands for', async (context) => {
  const service = await serveSockets(context, options)
  const url = `${service.url}?room=1&ticket=${mint(service)}`
  const socket = await open(url, undefined, { origin })
  assert.equal(await say(socket, 'hello'), 'alice: hello')
  assert.equal(await status(ask(url, undefined, { origin })), 401)
  assert.deepEqual(service.provider.calls, ['UPGRADE https://orders.example/live alice.60'])
})

test('the connection ends with the credential, not with the ticket', async (context) => {
  const service = await serveSockets(context, options)
  const socket = await open(`${service.url}?ticket=${mint(service)}`, undefined, { origin })
  service.tick(ticketSeconds * 1000)
  assert.equal(await say(socket, 'hello'), 'alice: hello')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  service.tick(60_000 - ticketSeconds * 1000)
  assert.equal(await closed, 4401)
})

const cases: readonly (readonly [
  name: string,
  from: string | undefined,
  use: (service: SocketService, ticket: string) => Promise<Asked>,
  status: number,
])[] = [
  [
    'from another origin that is allowed too',
    origin,
    ({ url }, t) => ask(`${url}?ticket=${t}`, undefined, { origin: 'https://orders.example' }),
    401,
  ],
  [
    'from an origin that is not allowed',
    origin,
    ({ url }, t) => ask(`${url}?ticket=${t}`, undefined, { origin: 'https://evil.example' }),
    403,
  ],
  ['without an origin', origin, ({ url }, t) => ask(`${url}?ticket=${t}`), 401],
  [
    'that no page asked for, from a page',
    '',
    ({ url }, t) => ask(`${url}?ticket=${t}`, undefined, { origin }),
    401,
  ],
  ['that no page asked for, from no page', '', ({ url }, t) => ask(`${url}?ticket=${t}`), 101],
  [
    'twice in one query',
    origin,
    ({ url }, t) => ask(`${url}?ticket=${t}&ticket=${t}`, undefined, { origin }),
    400,
  ],
  ['beside a header', origin, ({ url }, t) => ask(`${url}?ticket=${t}`, 'alice', { origin }), 400],
  ['cut short', origin, ({ url }, t) => ask(`${url}?ticket=${t.slice(1)}`, undefined, { origin }), 401],
  ['that is empty', origin, ({ url }) => ask(`${url}?ticket=`, undefined, { origin }), 401],
  ['as a token', origin, ({ url }, t) => ask(url, t, { origin }), 401],
  ['by another name', origin, ({ url }, t) => ask(`${url}?tickets=${t}`, undefined, { origin }), 401],
]
for (const [name, from, use, expected] of cases) {
  test(`a ticket ${name}: ${expected}`, async (context) => {
    const service = await serveSockets(context, options)
    const ticket = from === '' ? mintFromNowhere(service) : mint(service, 'alice.60', from)
    assert.equal(await status(use(service, ticket)), expected)
  })
}

function mintFromNowhere({ live }: SocketService): string {
  const minted = live.mintTicket({ headers: { authorization: 'Bearer alice.60' } })
  assert.ok(minted.ok)
  return minted.value.ticket
}

test('a ticket that was used from the wrong place is used up', async (context) => {
  const service = await serveSockets(context, options)
  const url = `${service.url}?ticket=${mint(service)}`
  assert.equal(await status(ask(url, undefined, { origin: 'https://orders.example' })), 401)
  assert.equal(await status(ask(url, undefined, { origin })), 401)
})

test('a ticket is good until its time, and not longer', async (context) => {
  const service = await serveSockets(context, options)
  const [early, late] = [mint(service), mint(service)]
  service.leap(ticketSeconds * 1000 - 1)
  await open(`${service.url}?ticket=${early}`, undefined, { origin })
  service.leap(1)
  assert.equal(await status(ask(`${service.url}?ticket=${late}`, undefined, { origin })), 401)
})

test('what the credential may not, its ticket may not', async (context) => {
  const service = await serveSockets(context, { ...options, resources: { '/live': { scopes: 'write' } } })
  const use = (token: string) =>
    status(ask(`${service.url}?ticket=${mint(service, token)}`, undefined, { origin }))
  assert.equal(await use('alice.60.read'), 403)
  assert.equal(await use('mallory'), 401)
  assert.equal(await use('down'), 503)
  assert.equal(await use('alice.60.write'), 101)
})

const refusals = [
  [{ origin }, 'missing'],
  [{ authorization: 'Bearer alice', origin: 'https://evil.example' }, 'invalid'],
  [{ authorization: 'Bearer alice', origin: 'null' }, 'invalid'],
] as const
for (const [headers, code] of refusals) {
  test(`no ticket for ${JSON.stringify(headers)}: ${code}`, async (context) => {
    const { live } = await serveSockets(context, options)
    const minted = live.mintTicket({ headers })
    assert.equal(!minted.ok && minted.denial.code, code)
  })
}

test('tickets that wait are bounded, per credential and in all, and make room when their time is over', () => {
  let nowMs = 0
  let drawn = 0
  const random = (bytes: number): Uint8Array => {
    const value = Buffer.alloc(bytes)
    value.writeUInt32BE(drawn++)
    return value
  }
  const tickets = new Tickets({ now: () => nowMs, random }, toOrigins([], ''))
  const mintFor = (name: number): string => {
    const minted = tickets.mint({ authorization: `Bearer ${name}` })
    return minted.ok ? minted.value.ticket : minted.denial.code
  }
  const first = Array.from({ length: ticketsPerCredentialMax }, () => mintFor(0))
  assert.equal(mintFor(0), 'throttled')
  assert.ok(tickets.redeem(first[0]!, undefined).ok)
  assert.notEqual(mintFor(0), 'throttled')
  for (let name = 1; name <= ticketsMax - ticketsPerCredentialMax; name++)
    assert.notEqual(mintFor(name), 'throttled')
  assert.equal(mintFor(-1), 'throttled')
  nowMs = ticketSeconds * 1000
  assert.notEqual(mintFor(-1), 'throttled')
  for (let count = 0; count < ticketsPerCredentialMax; count++) assert.notEqual(mintFor(0), 'throttled')
  assert.equal(mintFor(0), 'throttled')
})
