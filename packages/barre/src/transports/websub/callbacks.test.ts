import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { form, pair, subscribed, topic, topics } from '../../../test/websub-hub.ts'
import { agreeable, startHub, startPeer } from '../../../test/websub-wire.ts'

describe('callbacks that a hub must not call', () => {
  const callbacks = [
    ['http://169.254.169.254/latest/meta-data/', 403],
    ['http://localhost:1/', 403],
    ['https://elsewhere.example/cb', 403],
    ['file:///etc/passwd', 403],
    ['http://user:pass@127.0.0.1/', 400],
    ['http://127.0.0.1/#part', 400],
  ] as const
  for (const [callback, status] of callbacks) {
    it(`${callback} is ${status}`, async (context) => {
      const { peer, hub } = await pair(context)
      assert.equal((await hub.subscribe(form(peer, { 'hub.callback': callback }))).status, status)
    })
  }

  it('an allowed origin whose address is not public is not connected to', async (context) => {
    const peer = await startPeer(context)
    const allowedCallbackOrigins = [peer.origin, peer.origin.replace('127.0.0.1', 'localhost')]
    const hub = await startHub(context, { topics, allowedCallbackOrigins, allowedAddresses: [] })
    for (const origin of allowedCallbackOrigins) {
      await hub.subscribe(form(peer, { 'hub.callback': `${origin}/cb` }))
    }
    await hub.hub.close()
    assert.equal(peer.received.length, 0)
    assert.deepEqual(
      hub.logged.map(({ fields }) => fields['reason']),
      ['fetch failed (EGRESS_REFUSED)', 'fetch failed (EGRESS_REFUSED)'],
    )
  })

  it('the metadata address is not connected to even where its origin is allowed', async (context) => {
    const origin = 'https://169.254.169.254'
    const hub = await startHub(context, { topics, allowedCallbackOrigins: [origin] })
    const asked = { 'hub.mode': 'subscribe', 'hub.topic': topic, 'hub.callback': `${origin}/latest` }
    assert.equal((await hub.subscribe(asked)).status, 202)
    await hub.hub.close()
    assert.equal(hub.logged[0]?.fields['reason'], 'fetch failed (EGRESS_REFUSED)')
  })

  it('plain http off loopback is refused', async (context) => {
    const hub = await startHub(context, { topics, allowedCallbackOrigins: ['http://sub.example'] })
    const asked = { 'hub.mode': 'subscribe', 'hub.topic': topic, 'hub.callback': 'http://sub.example/cb' }
    assert.equal((await hub.subscribe(asked)).status, 400)
  })

  it('a redirect of a delivery is a failure, and is not followed', async (context) => {
    const elsewhere = await startPeer(context)
    const both = await pair(context, {
      respond(request, response, index) {
        if (request.body !== 'content') return agreeable(request, response, index)
        return response.writeHead(307, { location: `${elsewhere.origin}/inner` }).end()
      },
    })
    await subscribed(both)
    await both.hub.publish(topic, 'content')
    await both.peer.request(4)
    await both.hub.hub.close()
    assert.equal(elsewhere.received.length, 0)
  })
})
