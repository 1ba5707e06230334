import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { decisions } from '../../core/index.ts'
import { decisionOf, ended, next, open, say, serveSockets, textOf } from '../../../test/websocket-wire.ts'
import { inBandRefusalsMax } from './session.ts'
import { toAuthenticate } from './in-band.ts'

const present = (token: string): string => toAuthenticate({ authorization: `Bearer ${token}` })
const done = '{"type":"barre.authenticated","headers":{"x-proof":"seen"}}'

/** The codes of the refusals that are published during a test. */
function listen(context: TestContext): (string | undefined)[] {
  const codes: (string | undefined)[] = []
  const note = (message: unknown): void => {
    const decision = decisionOf(message)
    codes.push(decision.ok ? undefined : decision.denial.code)
  }
  subscribe(decisions.name, note)
  context.after(() => unsubscribe(decisions.name, note))
  return codes
}

test('a connection ends at the expiry of its credential, not before, and says so to the audit', async (context) => {
  const codes = listen(context)
  const { url, tick } = await serveSockets(context)
  const socket = await open(url, 'alice.10')
  tick(9_999)
  assert.equal(await say(socket, 'still'), 'alice: still')
  const end = ended(socket)
  tick(1)
  assert.equal(await end, '4401 unauthorized')
  assert.deepEqual(codes, [undefined, 'expired'])
})

test('a clock that was set forward ends it with the next message', async (context) => {
  const { url, leap } = await serveSockets(context)
  const socket = await open(url, 'alice.10')
  leap(10_000)
  const end = ended(socket)
  socket.send('late')
  assert.equal(await end, '4401 unauthorized')
})

test('an ended connection gets and says nothing more', async (context) => {
  const heard: string[] = []
  const { url, tick, live } = await serveSockets(context, {}, (socket) => {
    socket.on('message', (data) => heard.push(textOf(data)))
  })
  const socket = await open(url, 'alice.10')
  const [served] = live.server.clients
  const messages: string[] = []
  socket.on('message', (data) => messages.push(textOf(data)))
  const end = ended(socket)
  tick(10_000)
  socket.send('late')
  served!.send('secret', () => undefined)
  await end
  assert.deepEqual([heard, messages], [[], []])
})

const revocations = [
  [{ subject: 'alice' }, true],
  [{ issuer: 'test' }, true],
  [{ tokenId: 'alice.10' }, true],
  [{ subject: 'bob' }, false],
] as const
for (const [revocation, ends] of revocations) {
  test(`a revocation of ${JSON.stringify(revocation)} ${ends ? 'ends' : 'leaves'} the connection`, async (context) => {
    const service = await serveSockets(context)
    const socket = await open(service.url, 'alice.10')
    if (ends) {
      const end = ended(socket)
      service.revocations.revoke(revocation)
      assert.equal(await end, '4401 unauthorized')
    } else {
      service.revocations.revoke(revocation)
      assert.equal(await say(socket, 'still'), 'alice: still')
    }
  })
}

test('the handler can end a connection with the code of a denial', async (context) => {
  const { url } = await serveSockets(context, {}, (socket, session) => {
    socket.on('message', () => session.end({ code: 'insufficient_scope', detail: 'secret detail' }))
  })
  const socket = await open(url, 'alice')
  const end = ended(socket)
  socket.send('x')
  assert.equal(await end, '4403 insufficient_scope')
})

test('a connection that is renewed in time lives on, with the scopes of the new credential', async (context) => {
  const options = {
    inBand: 'renew',
    messages: { write: { scopes: 'write' } },
    dispatcherKey: 'type',
  } as const
  const { url, tick } = await serveSockets(context, options, (socket, session) => {
    socket.on('message', () => socket.send([...session.principal!.scopes].join()))
  })
  const socket = await open(url, 'alice.10.write')
  tick(9_000)
  assert.equal(await say(socket, present('alice.20.read+write')), done)
  tick(9_000)
  assert.equal(await say(socket, '{"type":"write"}'), 'read,write')
  assert.equal(await say(socket, present('slow-alice.30.read')), done)
  const end = ended(socket)
  socket.send('{"type":"write"}')
  assert.equal(await end, '4403 insufficient_scope')
})

test('after a renewal the old expiry and a revocation of the old token end nothing', async (context) => {
  const { url, tick, revocations: events } = await serveSockets(context, { inBand: 'renew' })
  const socket = await open(url, 'alice.10')
  assert.equal(await say(socket, present('alice.20')), done)
  events.revoke({ tokenId: 'alice.10' })
  tick(19_999)
  assert.equal(await say(socket, 'still'), 'alice: still')
  const end = ended(socket)
  tick(1)
  assert.equal(await end, '4401 unauthorized')
})

const endings = [
  ["another caller's credential", present('bob.20'), '4401 unauthorized'],
  ["another caller's, later", present('slow-bob.20'), '4401 unauthorized'],
  ['a credential that is no good', present('mallory'), '4401 unauthorized'],
  ['an ended credential', present('expired'), '4401 unauthorized'],
  ['a credential that has ended by now', present('alice.0'), '4401 unauthorized'],
  [
    'no credential of a kind that is known',
    toAuthenticate({ authorization: 'Basic YTpi' }),
    '4401 unauthorized',
  ],
  ['a broken credential', present('a b'), '4400 invalid_request'],
  ['another message of ours', '{"type":"barre.other"}', '4400 invalid_request'],
  [
    'two credentials',
    '{"type":"barre.authenticate","authorization":"Bearer alice","authorization":"Bearer bob"}',
    '4400 invalid_request',
  ],
  ['a list', '{"type":"barre.authenticate","authorization":["Bearer alice"]}', '4400 invalid_request'],
  ['more than an Authorization value may hold', present('a'.repeat(16_700)), '4400 invalid_request'],
] as const
for (const [name, message, expected] of endings) {
  test(`${name} ends the connection: ${expected}`, async (context) => {
    const { url } = await serveSockets(context, { inBand: 'renew' })
    const socket = await open(url, 'alice.10')
    const end = ended(socket)
    socket.send(message)
    assert.equal(await end, expected)
  })
}

test('too few scopes in the new credential end the connection', async (context) => {
  const { url } = await serveSockets(context, {
    inBand: 'renew',
    resources: { '/live': { scopes: 'write' } },
  })
  const socket = await open(url, 'alice.10.write')
  const end = ended(socket)
  socket.send(present('alice.20.read'))
  assert.equal(await end, '4403 insufficient_scope')
})

test('an outage does not end what is still good, up to a limit', async (context) => {
  const { url, tick } = await serveSockets(context, { inBand: 'renew' })
  const socket = await open(url, 'alice.10')
  assert.equal(
    await say(socket, present('down')),
    '{"type":"barre.refused","code":"unavailable","retryAfterSeconds":2}',
  )
  assert.equal(await say(socket, present('throttled')), '{"type":"barre.refused","code":"throttled"}')
  for (let tries = 2; tries < inBandRefusalsMax; tries++) await say(socket, present('down'))
  assert.equal(await say(socket, 'still'), 'alice: still')
  const end = ended(socket)
  socket.send(present('down'))
  assert.equal(await end, '4503 temporarily_unavailable')
  const other = await open(url, 'alice.10')
  await say(other, present('down'))
  const expiry = ended(other)
  tick(10_000)
  assert.equal(await expiry, '4401 unauthorized')
})

test('one credential at a time', async (context) => {
  const { url } = await serveSockets(context, { inBand: 'renew' })
  const socket = await open(url, 'alice.10')
  const answers: string[] = []
  socket.on('message', (data) => answers.push(textOf(data)))
  socket.send(present('slow-alice.20'))
  socket.send(present('slow-alice.30'))
  while (answers.length < 2) await next(socket)
  assert.deepEqual(answers, ['{"type":"barre.refused","code":"throttled"}', done])
})

test('without inBand what looks like a credential is a message like another', async (context) => {
  const { url, tick } = await serveSockets(context)
  const socket = await open(url, 'alice.10')
  const text = present('alice.20')
  assert.equal(await say(socket, text), `alice: ${text}`)
  const end = ended(socket)
  tick(10_000)
  assert.equal(await end, '4401 unauthorized')
})

test('a connection that may be opened without a credential has to bring one in time', async (context) => {
  const { url, tick } = await serveSockets(context, { inBand: 'authenticate', initTimeoutSeconds: 5 })
  const late = await open(url)
  const silent = ended(late)
  tick(4_999)
  const [socket, hasty] = [await open(url), await open(url)]
  tick(1)
  assert.equal(await silent, '4401 unauthorized')
  const early = ended(hasty)
  hasty.send('hello')
  assert.equal(await early, '4401 unauthorized')
  assert.equal(await say(socket, present('alice.60')), done)
  tick(10_000)
  assert.equal(await say(socket, 'hello'), 'alice: hello')
})

test('without a principal an outage ends the connection', async (context) => {
  const { url } = await serveSockets(context, { inBand: 'authenticate' })
  const socket = await open(url)
  const end = ended(socket)
  socket.send(present('down'))
  assert.equal(await end, '4503 temporarily_unavailable')
})

test('a bad credential at the upgrade is refused there, also where one may come later', async (context) => {
  const { url } = await serveSockets(context, { inBand: 'authenticate' })
  await assert.rejects(open(url, 'mallory'), /got 401/)
})

test('a place among the unauthenticated is given back with the first credential', async (context) => {
  const { url } = await serveSockets(context, { inBand: 'authenticate', unauthenticatedMax: 1 })
  const first = await open(url)
  await assert.rejects(open(url), /got 503/)
  assert.equal(await say(first, present('alice.60')), done)
  await open(url)
})

test('a handler may read the messages before the credential, and is still held to the time', async (context) => {
  const { url, tick } = await serveSockets(
    context,
    { inBand: 'handler', initTimeoutSeconds: 5 },
    (socket, session) => {
      const greet = async (authorization: string): Promise<void> => {
        const denial = await session.authenticate(authorization)
        if (denial === undefined) socket.send(`hello ${session.principal?.username}`)
      }
      socket.on('message', (data) => void greet(textOf(data)))
    },
  )
  assert.equal(await say(await open(url), 'Bearer slow-alice'), 'hello alice')
  const wrong = await open(url)
  const refused = ended(wrong)
  wrong.send('Bearer mallory')
  assert.equal(await refused, '4401 unauthorized')
  const silent = ended(await open(url))
  tick(5_000)
  assert.equal(await silent, '4401 unauthorized')
})
