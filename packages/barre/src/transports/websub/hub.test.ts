import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { form, pair, probe, subscribed, topic, topics } from '../../../test/websub-hub.ts'
import { agreeable, startHub } from '../../../test/websub-wire.ts'
import type { Respond } from '../../../test/websub-wire.ts'
import { formMaxBytes } from './message.ts'
import { urlMaxLength } from './subscription-request.ts'
import { sqliteSubscriptions } from './subscription-store.ts'

/** Takes a request, and never answers. */
const silent: Respond = () => undefined

describe('a subscription at the hub', () => {
  it('is answered 202, and verified with mode, topic, a random challenge and the lease', async (context) => {
    const { peer, hub } = await pair(context)
    for (const index of [0, 1]) {
      const answer = await hub.subscribe(form(peer, { 'hub.lease_seconds': '600', unknown: 'ignored' }))
      assert.equal(answer.status, 202)
      const { method, url, headers } = await peer.request(index)
      const { 'hub.challenge': challenge, ...query } = Object.fromEntries(url.searchParams)
      assert.deepEqual(
        { method, path: url.pathname, ...query },
        {
          method: 'GET',
          path: '/cb',
          'hub.mode': 'subscribe',
          'hub.topic': topic,
          'hub.lease_seconds': '600',
        },
      )
      assert.equal(headers.authorization, undefined)
      assert.match(challenge ?? '', /^[\w-]{43}$/)
    }
    const challenges = peer.received.map(({ url }) => url.searchParams.get('hub.challenge'))
    assert.equal(new Set(challenges).size, 2)
  })

  it('does not wait for the verification to answer', async (context) => {
    const { peer, hub } = await pair(context, { respond: silent })
    assert.equal((await hub.subscribe(form(peer))).status, 202)
  })

  it('keeps the query of the callback, and puts its own behind it', async (context) => {
    const { peer, hub } = await pair(context)
    await hub.subscribe(form(peer, { 'hub.callback': `${peer.origin}/cb?key=a%20b&hub.mode=mine` }))
    const { url } = await peer.request(0)
    assert.match(url.search, /^\?key=a%20b&hub\.mode=mine&hub\.mode=subscribe&/)
  })

  it('knows topic and callback by any spelling, and names the topic as it was asked for', async (context) => {
    const { peer, hub } = await pair(context)
    const spelled = 'https://news.example/%66eed'
    const more = { 'hub.topic': spelled, 'hub.callback': `${peer.origin}/%63b?key=%7Ea%2Fb` }
    assert.equal((await hub.subscribe(form(peer, more))).status, 202)
    const { url } = await peer.request(0)
    assert.match(url.href, /\/cb\?key=~a%2Fb&hub\.mode=subscribe&/)
    assert.equal(url.searchParams.get('hub.topic'), spelled)
    while ((await hub.hub.publish(topic, probe)) === 0) await new Promise(setImmediate)
    assert.equal((await peer.request(1)).url.href, 'http://peer/cb?key=~a%2Fb')
    assert.equal((await hub.publish('https://news.example/fee%64', 'news')).status, 202)
    assert.equal((await peer.request(2)).body, 'news')
  })

  const leases = [
    ['', '864000'],
    ['1', '60'],
    ['60', '60'],
    ['2592000', '2592000'],
    ['2592001', '2592000'],
    ['9999999999', '2592000'],
  ] as const
  for (const [asked, granted] of leases) {
    it(`grants ${granted} s to who asks for ${asked || 'nothing'}`, async (context) => {
      const { peer, hub } = await pair(context)
      await hub.subscribe(form(peer, { 'hub.lease_seconds': asked }))
      assert.equal((await peer.request(0)).url.searchParams.get('hub.lease_seconds'), granted)
    })
  }

  it('has no lease of more than a year', async (context) => {
    const leaseOf = (max: number) => pair(context, { leaseSeconds: { max } })
    await assert.doesNotReject(leaseOf(31_536_000))
    await assert.rejects(leaseOf(31_536_001), { code: 'config', path: 'leaseSeconds.max' })
  })

  it('is denied with GET where the topic is not distributed, and not verified', async (context) => {
    const { peer, hub } = await pair(context)
    assert.equal((await hub.subscribe(form(peer, { 'hub.topic': 'https://other.example/' }))).status, 202)
    const { method, url } = await peer.request(0)
    assert.equal(method, 'GET')
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      'hub.mode': 'denied',
      'hub.topic': 'https://other.example/',
      'hub.reason': 'this hub does not distribute the topic',
    })
  })

  it('takes a callback as long as may be, and none longer', async (context) => {
    const { peer, hub } = await pair(context)
    const longest = `${peer.origin}/`.padEnd(urlMaxLength, 'a')
    assert.equal((await hub.subscribe(form(peer, { 'hub.callback': longest }))).status, 202)
    assert.equal((await hub.subscribe(form(peer, { 'hub.callback': `${longest}a` }))).status, 400)
  })

  it('is denied beyond subscriptionsMax, where a renewal is not', async (context) => {
    const both = await pair(context, { subscriptionsMax: 1 })
    await subscribed(both)
    await subscribed(both)
    const from = both.peer.received.length
    await both.hub.subscribe(form(both.peer, { 'hub.callback': `${both.peer.origin}/other` }))
    const { url } = await both.peer.request(from)
    assert.equal(url.searchParams.get('hub.mode'), 'denied')
  })

  it('is 503 while verificationsMax others are verified', async (context) => {
    const { peer, hub } = await pair(context, { verificationsMax: 1, respond: silent })
    assert.equal((await hub.subscribe(form(peer))).status, 202)
    const refused = await hub.subscribe(form(peer))
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5'])
  })

  const echoes: readonly (readonly [string, Respond])[] = [
    ['answers 404', (_request, response) => response.writeHead(404).end()],
    ['answers 500 with the challenge', (request, response) => agreeable(request, response.writeHead(500), 0)],
    ['redirects', (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    ['echoes something else', (_request, response) => response.end('yes')],
    ['echoes more', ({ url }, response) => response.end(`${url.searchParams.get('hub.challenge')}\n`)],
    ['answers without end', (_request, response) => response.write('x'.repeat(10_000))],
  ]
  for (const [name, respond] of echoes) {
    it(`does not begin when the callback ${name}`, async (context) => {
      const { peer, hub } = await pair(context, { respond })
      await hub.subscribe(form(peer, { 'hub.secret': 'hidden-secret' }))
      await peer.request(0)
      await hub.hub.close()
      assert.equal(peer.received.length, 1)
      assert.deepEqual(
        hub.logged.map(({ message }) => message),
        ['a subscription was not changed'],
      )
      assert.doesNotMatch(JSON.stringify(hub.logged), /hidden-secret|\/cb/)
    })
  }

  it('gives up a slow callback after reqTimeout', async (context) => {
    const { peer, hub } = await pair(context, { respond: silent, callbackConfig: { reqTimeout: 0.05 } })
    await hub.subscribe(form(peer))
    await peer.request(0)
    while (hub.logged.length === 0) await new Promise(setImmediate)
    assert.equal(hub.logged[0]?.message, 'a subscription was not changed')
  })

  const faults: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ['no mode', { 'hub.mode': '' }, 400],
    ['another mode', { 'hub.mode': 'publish' }, 400],
    ['no topic', { 'hub.topic': '' }, 400],
    ['a long topic', { 'hub.topic': 'a'.repeat(urlMaxLength + 1) }, 400],
    ['no callback', { 'hub.callback': '' }, 400],
    ['a callback that is no URL', { 'hub.callback': '/cb' }, 400],
    ['a lease of 0', { 'hub.lease_seconds': '0' }, 400],
    ['a lease in words', { 'hub.lease_seconds': 'forever' }, 400],
    ['a secret of 200 bytes', { 'hub.secret': 'é'.repeat(100) }, 400],
  ]
  for (const [name, more, status] of faults) {
    it(`with ${name} is ${status}, in plain text, and calls nobody`, async (context) => {
      const { peer, hub } = await pair(context)
      const answer = await hub.subscribe(form(peer, more))
      assert.deepEqual(
        [answer.status, answer.headers.get('content-type')],
        [status, 'text/plain; charset=utf-8'],
      )
      assert.match(await answer.text(), /^hub\.\w+ is/)
      await hub.hub.close()
      assert.equal(peer.received.length, 0)
    })
  }

  it('takes a secret of 199 bytes, and ignores the lease of who unsubscribes', async (context) => {
    const { peer, hub } = await pair(context)
    assert.equal((await hub.subscribe(form(peer, { 'hub.secret': 's'.repeat(199) }))).status, 202)
    const more = { 'hub.mode': 'unsubscribe', 'hub.lease_seconds': 'x' }
    assert.equal((await hub.subscribe(form(peer, more))).status, 202)
    assert.equal((await peer.request(1)).url.searchParams.get('hub.mode'), 'unsubscribe')
  })

  it('refuses a body that is no form, one over the limit, and a field that is there twice', async (context) => {
    const { peer, hub } = await pair(context)
    const headers = { authorization: 'Bearer reader' }
    const asked = new URLSearchParams(form(peer)).toString()
    const type = 'application/x-www-form-urlencoded'
    const send = async (body: string, contentType = type): Promise<number> =>
      (await fetch(hub.url, { method: 'POST', body, headers: { ...headers, 'content-type': contentType } }))
        .status
    assert.equal(await send('{}', 'application/json'), 415)
    assert.equal(await send(`${asked}&hub.topic=${topic}`), 400)
    const fill = `${asked}&pad=`
    assert.equal(await send(fill + 'x'.repeat(formMaxBytes - fill.length)), 202)
    assert.equal(await send(fill + 'x'.repeat(formMaxBytes - fill.length + 1)), 413)
  })
})

describe('who may do what at the hub', () => {
  const cases = [
    ['subscribe', 'reader', 202],
    ['subscribe', 'writer', 403],
    ['subscribe', 'nobody', 401],
    ['publish', 'writer', 202],
    ['publish', 'reader', 403],
    ['publish', 'nobody', 401],
  ] as const
  for (const [what, who, status] of cases) {
    it(`${what} by ${who} is ${status}`, async (context) => {
      const { peer, hub } = await pair(context)
      const answer = await (what === 'subscribe'
        ? hub.subscribe(form(peer), who)
        : hub.publish(topic, 'content', who))
      assert.equal(answer.status, status)
    })
  }
})

describe('a hub’s configuration', () => {
  const mistakes: readonly (readonly [string, object])[] = [
    ['hubUrl', { hubUrl: 'http://hub.example/' }],
    ['hubUrl', { hubUrl: 'https://hub.example/?a=b' }],
    ['topics', { topics: [] }],
    ['topics[0]', { topics: ['https://a.example/<b>'] }],
    ['allowedCallbackOrigins', { allowedCallbackOrigins: [] }],
    ['allowedCallbackOrigins[0]', { allowedCallbackOrigins: ['https://a.example/path'] }],
    ['allowedCallbackOrigins[0]', { allowedCallbackOrigins: ['*'] }],
    ['allowedAddresses[0]', { allowedAddresses: ['localhost'] }],
    ['leaseSeconds', { leaseSeconds: { min: 100, max: 10 } }],
    ['signature', { signature: 'sha1' }],
    ['callbackConfig', { callbackConfig: { customHeaders: { 'x-key': 'k' } } }],
    ['callbackConfig', { callbackConfig: { auth: { token: 't' } } }],
  ]
  for (const [path, wrong] of mistakes) {
    it(`with ${JSON.stringify(wrong)} does not start`, async (context) => {
      const good = { topics, allowedCallbackOrigins: ['https://a.example'] }
      await assert.rejects(startHub(context, { ...good, ...wrong }), {
        code: 'config',
        path,
      })
    })
  }
})

describe('sqliteSubscriptions', () => {
  it('is there after a restart, with the secret', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'barre-websub-'))
    context.after(() => rm(folder, { recursive: true }))
    const file = join(folder, 'hub.sqlite')
    const first = sqliteSubscriptions(file)
    const both = await pair(context, { store: first })
    await subscribed(both, { 'hub.secret': 'kept' })
    await both.hub.hub.close()
    await first.close()
    const second = sqliteSubscriptions(file)
    const [row] = await second.list(topic, Date.now())
    assert.deepEqual([row?.callback, row?.secret?.reveal()], [`${both.peer.origin}/cb`, 'kept'])
    await second.close()
  })
})
