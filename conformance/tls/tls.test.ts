// Why: a field of secureSocket that one wire does not heed is an opinion, and nobody is told.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { ConfigError } from 'barre/core'
import type { ClientSecureSocket, ListenerSecureSocket } from 'barre/core'
import { recheckMs } from 'barre/tls'
import { Cells } from '../harness/cells.ts'
import { wires } from './index.ts'
import type { Wire } from './kit.ts'
import { ask, isResumed, lifetimeOf, open, relay, serve, sessionOf, shakeHands, shownBy } from './probes.ts'
import {
  ca,
  clientMistakes,
  clientRows,
  listenerMistakes,
  listenerRows,
  optional,
  required,
  stapling,
  trusted,
} from './rows.ts'

const cells = new Cells('field of secureSocket', 'side', 'wire')
/** Milliseconds after which a test has failed: a field that is not heeded shows in waiting. */
const timeout = 60_000

for (const wire of wires) {
  if (wire.tried.includes('listener'))
    describe(`secureSocket of the listener: ${wire.name}`, () => tryListener(wire))
  if (wire.tried.includes('client'))
    describe(`secureSocket of the client: ${wire.name}`, () => tryClient(wire))
}

function tryListener(wire: Wire): void {
  const cell = (field: string, body: (context: TestContext) => Promise<void>): void => {
    cells.add(field, 'listener', wire.name)
    void test(field, { timeout }, body)
  }
  for (const [field, listener, client, expect] of listenerRows) {
    cell(`${field}: ${expect}`, async (context) => {
      const { port } = await serve(wire.serve, listener)
      const isSeen = wire.asksNobody !== true || expect === 'refused'
      assert.equal(await ask(open(wire, port, client, context)), isSeen ? expect : 'nobody')
    })
  }
  for (const [listener, path] of listenerMistakes) {
    cell(`refuses to start with ${JSON.stringify(Object.keys(listener))} and a wrong ${path}`, () =>
      assert.rejects(wire.serve(listener as ListenerSecureSocket), (error) => names(error, path)),
    )
  }
  for (const shareSession of [true, false]) {
    cell(`shareSession ${shareSession}`, async () => {
      const { port } = await serve(wire.serve, { ...optional, shareSession })
      const session = await sessionOf(port)
      const again = await shakeHands(port, { session })
      assert.equal(again.isSessionReused(), shareSession)
      again.destroy()
    })
  }
  cell('sessionTimeout', async () => {
    const { port } = await serve(wire.serve, { ...optional, sessionTimeout: 7 })
    assert.equal(lifetimeOf(await sessionOf(port)), 7)
  })
  cell('handshakeTimeout: hangs up on who does not shake hands', async () => {
    const { port } = await serve(wire.serve, { ...optional, handshakeTimeout: 0.05 })
    await once(connect(port, '127.0.0.1').resume(), 'close')
  })
  cell('files that change', async (context) => {
    const name = wire.name.replaceAll(/\W/g, '-')
    const about = { commonName: 'before', dnsNames: ['localhost'] }
    const renewed = await ca.issue(`server-${name}`, about)
    const serving = await wire.serve({ ...optional, key: renewed })
    context.after(() => serving.close())
    assert.equal(await shownBy(serving.port), 'before')
    await ca.issue(`server-${name}`, { ...about, commonName: 'after' })
    serving.check?.()
    // Who watches by itself is told by the file system.
    while ((await shownBy(serving.port)) !== 'after');
  })
}

function tryClient(wire: Wire): void {
  const cell = (field: string, body: (context: TestContext) => Promise<void>): void => {
    cells.add(field, 'client', wire.name)
    void test(field, { timeout }, body)
  }
  const refusesToStart = (client: ClientSecureSocket, path: string): void =>
    assert.throws(
      () => wire.open(1, client, {}),
      (error) => names(error, path),
    )
  for (const [field, listener, client, expect] of clientRows) {
    const isUnusable = client.key !== undefined && wire.unusable?.includes('key') === true
    cell(isUnusable ? `${field}: does not start` : `${field}: ${expect}`, async (context) => {
      if (isUnusable) return refusesToStart(client, 'Config')
      const { port } = await serve(wire.serve, listener)
      assert.equal(await ask(open(wire, port, client, context)), expect)
    })
  }
  for (const [client, path] of clientMistakes) {
    cell(`refuses to start with a wrong ${path}`, async () => refusesToStart(client, path))
  }
  const usable = (
    field: keyof ClientSecureSocket & string,
    value: object,
    body: (client: ClientSecureSocket, context: TestContext) => Promise<void>,
  ): void => {
    const client = { ...trusted, ...value }
    if (wire.unusable?.includes(field) !== true) cell(field, (context) => body(client, context))
    else cell(`${field}: does not start`, async () => refusesToStart(client, `secureSocket.${field}`))
  }
  usable('handshakeTimeout', { handshakeTimeout: 0.05 }, async (client, context) => {
    const mute = createServer().listen(0, '127.0.0.1')
    await once(mute, 'listening')
    context.after(() => void mute.close())
    const { port } = mute.address() as AddressInfo
    assert.equal(await ask(open(wire, port, client, context)), 'refused')
  })
  usable('certValidation', { certValidation: stapling }, async (client, context) => {
    const { port } = await serve(wire.serve, optional)
    assert.equal(await ask(open(wire, port, client, context)), 'refused')
  })
  const resumes = wire.unusable?.includes('sessionTimeout') !== true
  cell(`shareSession: ${resumes ? 'resumes' : 'resumes nothing'}`, async (context) => {
    assert.equal(await isResumed(wire, trusted, context), resumes)
  })
  cell('shareSession false', async (context) => {
    assert.equal(await isResumed(wire, { ...trusted, shareSession: false }, context), false)
  })
  usable('sessionTimeout', { sessionTimeout: 0.001 }, async (client, context) => {
    assert.equal(await isResumed(wire, client, context), false)
  })
  if (wire.unusable?.includes('key') !== true) {
    cell('files that change', async (context) => {
      let nowMs = Date.now()
      const { port, drop } = await relay(await serve(wire.serve, required), context)
      const name = `client-${wire.name.replaceAll(/\W/g, '-')}`
      const renewed = await ca.issue(name, { commonName: 'before' })
      const calling = open(wire, port, { ...trusted, key: renewed }, context, { now: () => nowMs })
      assert.equal(await ask(calling), 'cn:before')
      await ca.issue(name, { commonName: 'after' })
      nowMs += recheckMs
      await drop()
      // A call may still meet the connection that is gone.
      await ask(calling)
      assert.equal(await ask(calling), 'cn:after')
    })
  }
}

function names(error: unknown, path: string): boolean {
  assert.ok(error instanceof ConfigError, String(error))
  assert.ok(error.path.includes(path), error.path)
  return true
}

cells.report()
