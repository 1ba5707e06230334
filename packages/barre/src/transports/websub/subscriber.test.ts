import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { allowSha1Signature } from '../../core/index.ts'
import { createSubscriber, startPeer } from '../../../test/websub-wire.ts'
import { active, run, secret, sign, topic } from '../../../test/websub-subscriber.ts'
import type { Config } from '../../../test/websub-subscriber.ts'
import { intentMs } from './subscriber.ts'
import { challengeMaxBytes } from './subscription-state.ts'

describe('a subscription request', () => {
  it('is a form with callback, mode, topic, lease and secret, and carries our credential', async (context) => {
    const { subscriber, hub } = await run(context, {
      leaseSeconds: 600,
      customParams: { tenant: 'a' },
      httpConfig: { auth: { username: 'me', password: 'pass' } },
    })
    await subscriber.subscribe()
    const { method, headers, body } = await hub.request(0)
    const { 'hub.callback': callback, ...form } = Object.fromEntries(new URLSearchParams(body))
    assert.equal(method, 'POST')
    assert.match(headers['content-type'] ?? '', /^application\/x-www-form-urlencoded(;charset=UTF-8)?$/)
    assert.equal(headers.authorization, `Basic ${btoa('me:pass')}`)
    assert.match(callback ?? '', /\/cb\?key=1$/)
    assert.deepEqual(form, {
      tenant: 'a',
      'hub.mode': 'subscribe',
      'hub.topic': topic,
      'hub.secret': secret,
      'hub.lease_seconds': '600',
    })
  })

  it('to end a subscription has callback, mode and topic, in UTF-8', async (context) => {
    const hub = await startPeer(context)
    const { subscriber } = await run(context, { target: [`${hub.origin}/hub`, 'https://é.example/ü'] })
    await subscriber.unsubscribe()
    const [callback, ...rest] = (await hub.request(0)).body.split('&')
    assert.match(callback ?? '', /^hub\.callback=http[\w%.]+%2Fcb%3Fkey%3D1$/)
    assert.deepEqual(rest, ['hub.mode=unsubscribe', 'hub.topic=https%3A%2F%2F%C3%A9.example%2F%C3%BC'])
  })

  it('makes a secret of its own where none is configured', async (context) => {
    const { subscriber, hub } = await run(context, { secret: undefined } as unknown as Config)
    await subscriber.subscribe()
    assert.match(new URLSearchParams((await hub.request(0)).body).get('hub.secret') ?? '', /^[0-9a-f]{64}$/)
  })

  for (const status of [200, 302, 400, 401, 503]) {
    it(`answered ${status} ${status === 200 ? 'is taken' : 'throws, and is not verified'}`, async (context) => {
      const { subscriber, verify } = await run(context, {
        respond: (_request, response) => response.writeHead(status, { location: '/other' }).end(),
      })
      if (status === 200) return assert.doesNotReject(subscriber.subscribe())
      await assert.rejects(subscriber.subscribe(), new RegExp(`answered ${status}`))
      assert.equal((await verify()).status, 404)
    })
  }
})

describe('verification of intent', () => {
  it('echoes the challenge in a type that is no page', async (context) => {
    const { subscriber, verify } = await run(context)
    await subscriber.subscribe()
    const answer = await verify({ 'hub.challenge': '<script>' })
    assert.deepEqual(
      [answer.status, await answer.text(), answer.headers.get('x-content-type-options')],
      [200, '<script>', 'nosniff'],
    )
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/)
    assert.ok(subscriber.isActive())
  })

  it('knows callback and topic by any spelling', async (context) => {
    const { subscriber, hub, verify } = await run(context)
    await subscriber.subscribe()
    const callback = new URLSearchParams((await hub.request(0)).body).get('hub.callback') ?? ''
    assert.equal((await verify({ 'hub.topic': topic.replace('feed', 'fee%64') })).status, 200)
    const headers = { 'x-hub-signature': sign('sha256', 'news') }
    const spelled = callback.replace('/cb?key', '/%63b?%6bey')
    assert.equal((await fetch(spelled, { method: 'POST', body: 'news', headers })).status, 202)
  })

  it('that nobody asked for is 404', async (context) => {
    const { subscriber, verify } = await run(context)
    assert.equal((await verify()).status, 404)
    assert.equal(subscriber.isActive(), false)
  })

  it('is confirmed once: the same request again is 404', async (context) => {
    const { verify } = await active(context)
    assert.equal((await verify()).status, 404)
  })

  it('is confirmed until intentMs after the request, and not then', async (context) => {
    let nowMs = 0
    const { subscriber, verify } = await run(context, { now: () => nowMs })
    await subscriber.subscribe()
    nowMs = intentMs
    assert.equal((await verify()).status, 404)
    nowMs = intentMs - 1
    assert.equal((await verify()).status, 200)
  })

  const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['another topic', { 'hub.topic': `${topic}/` }],
    ['another mode', { 'hub.mode': 'unsubscribe' }],
    ['no challenge', { 'hub.challenge': '' }],
    ['a long challenge', { 'hub.challenge': 'x'.repeat(challengeMaxBytes + 1) }],
    ['a binary challenge', { 'hub.challenge': 'MZ\u0000' }],
    ['a challenge of two lines', { 'hub.challenge': 'a\nb' }],
    ['no lease', { 'hub.lease_seconds': '' }],
    ['a lease of 0', { 'hub.lease_seconds': '0' }],
    ['a lease below 0', { 'hub.lease_seconds': '-1' }],
    ['a lease without end', { 'hub.lease_seconds': '99999999999' }],
  ]
  for (const [name, more] of wrong) {
    it(`with ${name} is 404, and the right one may still come`, async (context) => {
      const { subscriber, verify } = await run(context)
      await subscriber.subscribe()
      assert.equal((await verify(more)).status, 404)
      assert.equal((await verify({ 'hub.challenge': 'x'.repeat(challengeMaxBytes) })).status, 200)
    })
  }

  it('at another path, another query or by another method is refused', async (context) => {
    const { subscriber, hub, verify } = await run(context)
    await subscriber.subscribe()
    const callback = new URLSearchParams((await hub.request(0)).body).get('hub.callback') ?? ''
    const statuses = [callback.replace('/cb', '/cb/x'), callback.replace('key=1', 'key=2'), `${callback}1`]
    for (const url of statuses) assert.equal((await fetch(url)).status, 404)
    assert.equal((await fetch(callback, { method: 'PUT' })).status, 405)
    assert.equal((await verify()).status, 200)
  })

  it('tells the program of a denial, and confirms nothing after it', async (context) => {
    const { subscriber, denied, verify } = await run(context)
    await subscriber.subscribe()
    assert.equal((await verify({ 'hub.mode': 'denied', 'hub.reason': 'no' })).status, 200)
    assert.deepEqual(denied, ['no'])
    assert.equal((await verify()).status, 404)
  })

  it('of an unsubscription ends the subscription, whatever lease it names', async (context) => {
    const { subscriber, verify, deliver } = await active(context)
    await subscriber.unsubscribe()
    assert.equal((await verify({ 'hub.mode': 'unsubscribe', 'hub.lease_seconds': 'x' })).status, 200)
    assert.equal(subscriber.isActive(), false)
    assert.equal(await deliver('late'), 410)
  })
})

describe('content', () => {
  for (const method of ['sha256', 'sha384', 'sha512']) {
    it(`signed with ${method} over its bytes is delivered and answered 2xx`, async (context) => {
      const { got, deliver } = await active(context)
      const body = 'é\r\n'
      assert.equal(await deliver(body, { 'x-hub-signature': sign(method, body), 'content-type': 'a/b' }), 202)
      assert.deepEqual(got, [{ topic, contentType: 'a/b', content: Buffer.from(body) }])
    })
  }

  it('is of the topic that was asked for, whatever its Link headers name', async (context) => {
    const { got, deliver } = await active(context)
    const link = '<https://evil.example/>; rel="hub", <https://evil.example/feed>; rel="self"'
    assert.equal(await deliver('news', { 'x-hub-signature': sign('sha256', 'news'), link }), 202)
    assert.deepEqual(
      got.map((notification) => notification.topic),
      [topic],
    )
  })

  const forged: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['no signature', {}],
    ['the signature of another secret', { 'x-hub-signature': sign('sha256', 'news', 'other') }],
    ['the signature of other content', { 'x-hub-signature': sign('sha256', 'old news') }],
    ['half a signature', { 'x-hub-signature': sign('sha256', 'news').slice(0, 39) }],
    ['an empty signature', { 'x-hub-signature': 'sha256=' }],
    ['SHA-1', { 'x-hub-signature': sign('sha1', 'news') }],
    ['another hash', { 'x-hub-signature': sign('md5', 'news') }],
    ['a method of Object.prototype', { 'x-hub-signature': 'constructor=00' }],
    ['the length of another method', { 'x-hub-signature': sign('sha256', 'news').replace('256', '512') }],
    ['two signatures', { 'x-hub-signature': `${sign('sha256', 'news')}, ${sign('sha256', 'news')}` }],
  ]
  for (const [name, headers] of forged) {
    it(`with ${name} is not delivered, and the log has neither secret nor signature`, async (context) => {
      const { got, logged, deliver } = await active(context)
      assert.equal(await deliver('news', headers), 202)
      assert.deepEqual(got, [])
      assert.equal(logged.at(-1)?.message, 'content was not delivered')
      assert.doesNotMatch(JSON.stringify(logged), /shared-secret|sha256=|key=1/)
    })
  }

  it('signed with SHA-1 is delivered under the named option only', async (context) => {
    const { got, deliver } = await active(context, { [allowSha1Signature]: true })
    await deliver('news', { 'x-hub-signature': sign('sha1', 'news') })
    assert.equal(got.length, 1)
  })

  it('of contentMaxBytes is taken, a byte more is 413, announced or not', async (context) => {
    const { got, deliver, hub } = await active(context, { contentMaxBytes: 4 })
    assert.equal(await deliver('1234'), 202)
    assert.equal(await deliver('12345'), 413)
    const callback = new URLSearchParams((await hub.request(0)).body).get('hub.callback') ?? ''
    const body = new Blob(['12345']).stream()
    assert.equal((await fetch(callback, { method: 'POST', body, duplex: 'half' })).status, 413)
    assert.equal(got.length, 1)
  })

  it('is 500 when the program cannot take it, so that the hub sends it again', async (context) => {
    const { deliver } = await active(context)
    assert.equal(await deliver('poison'), 500)
  })

  it('is 404 before the subscription, 410 after its lease', async (context) => {
    let nowMs = 0
    const { subscriber, deliver, verify } = await run(context, { now: () => nowMs })
    await subscriber.subscribe()
    assert.equal(await deliver('early'), 404)
    await verify()
    nowMs = 59_999
    assert.equal(await deliver('in time'), 202)
    nowMs = 60_000
    assert.equal(await deliver('late'), 410)
  })
})

describe('a lease', () => {
  it('is asked for again before it ends, and again when the hub fails', async (context) => {
    const { hub, verify, subscriber } = await run(context, {
      respond: (_request, response, index) => response.writeHead(index === 1 ? 503 : 202).end(),
    })
    await subscriber.subscribe()
    await verify({ 'hub.lease_seconds': '1' })
    const { body } = await hub.request(2)
    assert.equal(new URLSearchParams(body).get('hub.mode'), 'subscribe')
    assert.equal((await verify()).status, 200)
  })

  it('is given back at close where unsubscribeOnShutdown says so', async (context) => {
    const { hub, subscriber } = await active(context, { unsubscribeOnShutdown: true })
    await subscriber.close()
    assert.equal(new URLSearchParams((await hub.request(1)).body).get('hub.mode'), 'unsubscribe')
  })
})

describe('a subscriber’s configuration', () => {
  const callback = 'https://me.example/cb'
  const mistakes: readonly (readonly [string, object])[] = [
    ['target', { target: 'https://a.example/', httpConfig: { auth: { token: 't' } } }],
    ['target', { target: ['https://a.example/'] }],
    ['target[0]', { target: ['http://a.example/', topic] }],
    ['callback', { callback: 'http://me.example/cb' }],
    ['callback', { callback: 'https://me.example/cb#part' }],
    ['secret', { secret: 's'.repeat(200) }],
    ['leaseSeconds', { leaseSeconds: 0 }],
    ['customParams.hub.mode', { customParams: { 'hub.mode': 'x' } }],
  ]
  for (const [path, wrong] of mistakes) {
    it(`with a wrong ${path} does not start`, () => {
      const config = { target: ['https://hub.example/', topic], callback, ...wrong } as unknown as Config
      const make = (): unknown =>
        createSubscriber(config as Parameters<typeof createSubscriber>[0], { onEventNotification() {} })
      assert.throws(make, { code: 'config', path })
    })
  }
})
