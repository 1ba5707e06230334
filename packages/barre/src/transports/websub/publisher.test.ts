import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TestContext } from 'node:test'
import { createPublisher, startHub, startPeer } from '../../../test/websub-wire.ts'
import { linkHeader, readLinkHeader } from './links.ts'

const topic = 'https://news.example/feed?a=b&c'

async function run(context: TestContext, status = 202) {
  const hub = await startPeer(context, (_request, response) =>
    response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(),
  )
  const publisher = createPublisher({ hub: `${hub.origin}/hub/publish`, auth: { token: 'writer' } })
  context.after(() => publisher.close())
  return { hub, publisher }
}

describe('a publisher', () => {
  it('tells that a topic has changed, with its credential', async (context) => {
    const { hub, publisher } = await run(context)
    assert.equal((await publisher.notifyUpdate(topic)).status, 202)
    const { method, url, headers, body } = await hub.request(0)
    assert.deepEqual([method, url.pathname, headers.authorization], ['POST', '/hub/publish', 'Bearer writer'])
    assert.deepEqual(
      [...new URLSearchParams(body)],
      [
        ['hub.mode', 'publish'],
        ['hub.topic', topic],
      ],
    )
  })

  it('sends content with its type, and the topic in the query', async (context) => {
    const { hub, publisher } = await run(context)
    for (const content of ['news', new Blob(['news']).stream()]) {
      await publisher.publishUpdate(topic, { contentType: 'a/b', content })
    }
    for (const index of [0, 1]) {
      const { url, headers, body } = await hub.request(index)
      assert.deepEqual(
        [url.searchParams.get('hub.topic'), headers['content-type'], body],
        [topic, 'a/b', 'news'],
      )
    }
  })

  for (const status of [307, 401, 403, 503]) {
    it(`returns ${status} as it is`, async (context) => {
      const { publisher } = await run(context, status)
      assert.equal((await publisher.notifyUpdate(topic)).status, status)
    })
  }

  it('tells each hub that its topic names', async (context) => {
    const hubs = await Promise.all([startPeer(context), startPeer(context)])
    const named = readLinkHeader(
      linkHeader(
        topic,
        hubs.map(({ origin }) => `${origin}/hub`),
      ),
    )
    assert.deepEqual(named.self, [topic])
    for (const hub of named.hubs) {
      const publisher = createPublisher({ hub })
      assert.equal((await publisher.notifyUpdate(topic)).status, 200)
      await publisher.close()
    }
    for (const hub of hubs) {
      assert.equal(new URLSearchParams((await hub.request(0)).body).get('hub.topic'), topic)
    }
  })

  it('is understood by our hub', async (context) => {
    const hub = await startHub(context, { topics: [topic], allowedCallbackOrigins: ['https://a.example'] })
    for (const [token, status] of [
      ['writer', 202],
      ['reader', 403],
    ] as const) {
      const publisher = createPublisher({ hub: `${hub.url}/publish`, auth: { token } })
      const answer = await publisher.publishUpdate(topic, { contentType: 'a/b', content: 'news' })
      assert.equal(answer.status, status)
      await publisher.close()
    }
  })

  for (const hub of ['', '/hub', 'http://hub.example/', 'https://hub.example/?a']) {
    it(`does not start with ${hub || 'no'} hub`, () => {
      assert.throws(() => createPublisher({ hub }), { code: 'config' })
    })
  }
})
