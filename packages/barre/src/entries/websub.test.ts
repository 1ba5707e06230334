import assert from 'node:assert/strict'
import { it } from 'node:test'
import { namedTokens } from '../../test/http-wire.ts'
import { startAt } from '../../test/websub-wire.ts'
import { createHub, createPublisher, createSubscriber } from './websub.ts'
import type { Hub, Notification, Subscriber } from './websub.ts'

const topic = 'https://news.example/feed'

it('barre/websub joins auth with a hub, a subscriber and a publisher that understand each other', async (context) => {
  const verified = Promise.withResolvers<number>()
  const delivered = Promise.withResolvers<Notification>()
  const made: { hub?: Hub; subscriber?: Subscriber } = {}
  const callbackOrigin = await startAt(context, () => (request, response) => {
    made.subscriber?.listener(request, response)
  })
  const hubOrigin = await startAt(context, (origin) => {
    made.hub = createHub({
      auth: [{ provider: namedTokens() }],
      subscribe: { scopes: 'read' },
      publish: { scopes: 'write' },
      hubUrl: `${origin}/hub`,
      topics: [topic],
      allowedCallbackOrigins: [callbackOrigin],
      allowedAddresses: ['127.0.0.1'],
    })
    return made.hub.listener
  })
  made.subscriber = createSubscriber(
    {
      target: [`${hubOrigin}/hub`, topic],
      callback: `${callbackOrigin}/cb`,
      httpConfig: { auth: { token: 'reader' } },
    },
    { onEventNotification: delivered.resolve, onSubscriptionVerified: verified.resolve },
  )
  const publisher = createPublisher({ hub: `${hubOrigin}/hub/publish`, auth: { token: 'writer' } })
  context.after(async () => {
    await Promise.all([made.subscriber?.close(), made.hub?.close(), publisher.close()])
  })
  await made.subscriber.subscribe()
  await verified.promise
  const news = { contentType: 'a/b', content: Buffer.from('news') }
  // The hub stores what the subscriber has just confirmed.
  while ((await made.hub?.publish(topic, news)) === 0) await new Promise(setImmediate)
  assert.equal((await publisher.publishUpdate(topic, news)).status, 202)
  const { content, contentType } = await delivered.promise
  assert.deepEqual([content.toString(), contentType], ['news', 'a/b'])
})
