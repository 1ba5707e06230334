// Why: what is stapled, and looked at, shows only where a responder has said something.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { appendFile, readFile } from 'node:fs/promises'
import { ConfigError } from 'barre/core'
import { ocspResponder, serverTest } from '../../tools/servers/index.ts'
import { Cells } from '../harness/cells.ts'
import { wires } from './index.ts'
import type { Wire } from './kit.ts'
import { ask, isStapled, serve } from './probes.ts'
import { ca, optional, stapling, trusted } from './rows.ts'

const cells = new Cells('certValidation', 'side', 'wire')
for (const { name, tried } of wires) for (const side of tried) cells.add('OCSP_STAPLING', side, name)

serverTest(
  'listeners staple what the responder says, and clients look at it',
  ocspResponder,
  ca.ca,
  async (responder) => {
    const key = await ca.issue('stapled', { dnsNames: ['localhost'], ocspUrl: responder.url })
    const { serialNumber } = new X509Certificate(await readFile(key.certFile))
    await appendFile(key.certFile, ca.ca.cert)
    await responder.say({ [serialNumber]: 'good' })
    const listener = { ...optional, key, certValidation: stapling }
    for (const wire of wires) {
      if (wire.staplesNot === true) {
        await assert.rejects(
          wire.serve(listener),
          (error) => error instanceof ConfigError && error.path === 'secureSocket.certValidation',
        )
        continue
      }
      const { port } = await serve(wire.serve, listener)
      // A handshake waits for the responder half a second, and then goes on without.
      while (!(await isStapled(port)));
      await checkClient(wire, port)
    }
  },
)

/** A client that looks goes in; one that cannot look does not start. */
async function checkClient({ name, tried, unusable, open }: Wire, port: number): Promise<void> {
  const client = { ...trusted, certValidation: stapling }
  if (!tried.includes('client')) return
  if (unusable?.includes('certValidation') === true) {
    assert.throws(() => open(port, client, {}), { path: 'secureSocket.certValidation' }, name)
    return
  }
  const calling = open(port, client, {})
  assert.equal(await ask(calling), 'nobody', name)
  await calling.close()
}

cells.report()
