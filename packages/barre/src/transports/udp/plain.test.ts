import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { allowInsecureEndpoint } from '../../core/index.ts'
import { openDatagrams } from './plain.ts'
import type { DatagramConfig, DatagramSocket } from './plain.ts'

async function open(context: TestContext, config: DatagramConfig = {}): Promise<DatagramSocket> {
  const socket = await openDatagrams(config)
  context.after(() => socket.close())
  return socket
}

test('datagrams go to whom they name, and come with their sender', async (context) => {
  const [one, other] = [await open(context), await open(context)]
  await one.sendDatagram({ remoteHost: '127.0.0.1', remotePort: other.localPort, data: Buffer.from('hello') })
  const { data, remoteHost, remotePort } = await other.receive()
  assert.deepEqual([String(data), remoteHost, remotePort], ['hello', '127.0.0.1', one.localPort])
})

test('who speaks with one hears nobody else', async (context) => {
  const [friend, stranger] = [await open(context), await open(context)]
  const socket = await open(context, { remoteHost: 'localhost', remotePort: friend.localPort })
  const to = { remoteHost: '127.0.0.1', remotePort: socket.localPort }
  await stranger.sendDatagram({ ...to, data: Buffer.from('from the stranger') })
  await socket.writeBytes(Buffer.from('ping'))
  assert.equal(String((await friend.receive()).data), 'ping')
  await friend.sendDatagram({ ...to, data: Buffer.from('pong') })
  assert.equal(String((await socket.receive()).data), 'pong')
})

for (const [claim, config, path] of [
  ['listens to the network', { localHost: '0.0.0.0' }, 'localHost'],
  ['speaks with somebody on the network', { remoteHost: '192.0.2.1', remotePort: 9 }, 'remoteHost'],
  ['has half of an address', { remoteHost: '127.0.0.1' }, 'remotePort'],
] as const) {
  test(`nothing is opened that ${claim}, unasked`, async () => {
    await assert.rejects(openDatagrams(config), { code: 'config', path })
  })
}

test('nothing is sent to the network, unasked', async (context) => {
  const socket = await open(context)
  const far = { remoteHost: '192.0.2.1', remotePort: 9, data: Buffer.of(0) }
  await assert.rejects(socket.sendDatagram(far), { code: 'config', path: 'remoteHost' })
  await open(context, { localHost: '0.0.0.0', [allowInsecureEndpoint]: true })
})
