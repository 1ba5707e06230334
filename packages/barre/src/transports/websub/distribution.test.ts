import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { form, pair, probe, subscribed, topic } from '../../../test/websub-hub.ts'
import { agreeable, startPeer } from '../../../test/websub-wire.ts'
import { perOriginAtOnce } from './deliveries.ts'

describe('content distribution', () => {
  it('sends the whole content with its type, links to hub and topic, and no signature unasked', async (context) => {
    const both = await pair(context)
    await subscribed(both, { 'hub.callback': `${both.peer.origin}/cb?key=1` })
    assert.equal((await both.hub.publish(topic, '{"news":"é"}')).status, 202)
    const { method, url, headers, body } = await both.peer.request(2)
    assert.deepEqual([method, url.href], ['POST', 'http://peer/cb?key=1'])
    assert.equal(body, '{"news":"é"}')
    assert.equal(headers['content-type'], 'application/vnd.news+json')
    assert.equal(headers['link'], `<${both.hub.url}>; rel="hub", <${topic}>; rel="self"`)
    assert.equal(headers['x-hub-signature'], undefined)
    assert.equal(headers.authorization, undefined)
  })

  for (const signature of ['sha256', 'sha384', 'sha512'] as const) {
    it(`is signed with ${signature} over the bytes where a secret was given`, async (context) => {
      const both = await pair(context, { signature })
      await subscribed(both, { 'hub.secret': 'shared' })
      await both.hub.publish(topic, 'é')
      const { headers } = await both.peer.request(2)
      const expected = createHmac(signature, 'shared').update('é').digest('hex')
      assert.equal(headers['x-hub-signature'], `${signature}=${expected}`)
    })
  }

  it('fetches a topic when told that it changed', async (context) => {
    const origin = await startPeer(context, (_request, response) => {
      response.setHeader('content-type', 'application/atom+xml').end('<feed/>')
    })
    const feed = `${origin.origin}/feed`
    const both = await pair(context, { topics: [topic, feed] })
    const more = { 'hub.topic': feed }
    await both.hub.subscribe(form(both.peer, more))
    await both.peer.request(0)
    const tell = (named: string): Promise<Response> =>
      fetch(`${both.hub.url}/publish`, {
        method: 'POST',
        headers: { authorization: 'Bearer writer' },
        body: new URLSearchParams({ 'hub.mode': 'publish', 'hub.topic': named }),
      })
    while ((await both.hub.hub.publish(feed, probe)) === 0) await new Promise(setImmediate)
    assert.equal((await tell(feed)).status, 202)
    const { headers, body } = await both.peer.request(2)
    assert.deepEqual([headers['content-type'], body], ['application/atom+xml', '<feed/>'])
    assert.equal((await tell('http://127.0.0.1:1/')).status, 400)
  })

  it('answers 502 to a notification of a topic that cannot be had, or is over contentMaxBytes', async (context) => {
    const long = await startPeer(context, (_request, response) => response.end('12345'))
    const gone = await startPeer(context, (_request, response) => response.writeHead(404).end())
    const urls = [`${long.origin}/`, `${gone.origin}/`]
    const { hub } = await pair(context, { topics: urls, contentMaxBytes: 4 })
    for (const url of urls) {
      const body = new URLSearchParams({ 'hub.mode': 'publish', 'hub.topic': url })
      const headers = { authorization: 'Bearer writer' }
      assert.equal((await fetch(`${hub.url}/publish`, { method: 'POST', headers, body })).status, 502)
    }
  })

  it('takes content of contentMaxBytes, and refuses a byte more', async (context) => {
    const { hub } = await pair(context, { contentMaxBytes: 4 })
    assert.equal((await hub.publish(topic, '1234')).status, 202)
    assert.equal((await hub.publish(topic, '12345')).status, 413)
  })

  it('tries again after a failure, and keeps the subscription when it gives up', async (context) => {
    const both = await pair(context, {
      respond(request, response, index) {
        if (request.body === 'failing') return response.writeHead(500).end()
        return agreeable(request, response, index)
      },
    })
    await subscribed(both)
    await both.hub.publish(topic, 'failing')
    await both.peer.request(4)
    while (!both.hub.logged.some(({ level }) => level === 'error')) await new Promise(setImmediate)
    await both.hub.publish(topic, 'next')
    const bodies = [2, 3, 4, 5].map(async (index) => (await both.peer.request(index)).body)
    assert.deepEqual(await Promise.all(bodies), ['failing', 'failing', 'failing', 'next'])
    assert.doesNotMatch(JSON.stringify(both.hub.logged), /\/cb/)
  })

  it('takes every status but 2xx and 410 for a failure, and follows no redirect', async (context) => {
    const failures = [300, 301, 302, 303, 307, 308, 400, 401, 404, 409, 413, 429, 500, 501, 503]
    let tried = 0
    const both = await pair(context, {
      retry: { attempts: 20, firstRetrySeconds: 0.001, longestRetrySeconds: 0.002 },
      respond(request, response, index) {
        if (request.body !== 'news') return agreeable(request, response, index)
        return response.writeHead(failures[tried++] ?? 204, { location: '/elsewhere' }).end()
      },
    })
    await subscribed(both)
    await both.hub.publish(topic, 'news')
    await both.peer.request(2 + failures.length)
    await both.hub.publish(topic, 'news')
    await both.peer.request(3 + failures.length)
    assert.deepEqual(new Set(both.peer.received.slice(2).map(({ url }) => url.pathname)), new Set(['/cb']))
    const reasons = both.hub.logged.map(({ fields }) => fields['reason'])
    assert.deepEqual(
      reasons,
      failures.map((status) => `the callback answered ${status}`),
    )
  })

  it('takes every 2xx for success, whatever stands in its body', async (context) => {
    const statuses = [200, 201, 202, 203, 206, 299]
    let taken = 0
    const both = await pair(context, {
      respond(request, response, index) {
        if (request.body !== 'news') return agreeable(request, response, index)
        // Without end: who reads it would wait for ever.
        return response
          .writeHead(statuses[taken++] ?? 500, { 'content-type': 'text/html' })
          .write('<p>500 failed')
      },
    })
    await subscribed(both)
    for (const index of statuses.keys()) {
      await both.hub.publish(topic, 'news')
      await both.peer.request(2 + index)
    }
    await both.hub.hub.close()
    assert.equal(both.peer.received.length, 2 + statuses.length)
    assert.deepEqual(both.hub.logged, [])
  })

  it('ends a subscription at 410', async (context) => {
    const both = await pair(context, {
      respond(request, response, index) {
        if (request.body === 'last') return response.writeHead(410).end()
        return agreeable(request, response, index)
      },
    })
    await subscribed(both)
    await both.hub.publish(topic, 'last')
    while ((await both.hub.hub.publish(topic, probe)) > 0) await new Promise(setImmediate)
  })

  it('ends with the lease, and a renewal goes on with another secret', async (context) => {
    let nowMs = 0
    const both = await pair(context, { now: () => nowMs })
    await subscribed(both, { 'hub.lease_seconds': '60', 'hub.secret': 'old' })
    nowMs = 59_999
    await subscribed(both, { 'hub.lease_seconds': '60', 'hub.secret': 'new' })
    nowMs = 119_998
    assert.equal(await both.hub.hub.publish(topic, probe), 1)
    const last = await both.peer.request(both.peer.received.length)
    assert.equal(last.headers['x-hub-signature'], signed('new', 'probe'))
    nowMs = 119_999
    assert.equal(await both.hub.hub.publish(topic, probe), 0)
  })

  it('goes on with the old secret and lease when a renewal is not confirmed', async (context) => {
    let nowMs = 0
    let agrees = true
    const both = await pair(context, {
      now: () => nowMs,
      respond(request, response, index) {
        if (request.method === 'GET' && !agrees) return response.writeHead(404).end()
        return agreeable(request, response, index)
      },
    })
    await subscribed(both, { 'hub.lease_seconds': '60', 'hub.secret': 'old' })
    agrees = false
    nowMs = 59_999
    await both.hub.subscribe(form(both.peer, { 'hub.lease_seconds': '600', 'hub.secret': 'new' }))
    while (both.hub.logged.length === 0) await new Promise(setImmediate)
    assert.equal(await both.hub.hub.publish(topic, probe), 1)
    const { headers } = await both.peer.request(3)
    assert.equal(headers['x-hub-signature'], signed('old', 'probe'))
    nowMs = 60_000
    assert.equal(await both.hub.hub.publish(topic, probe), 0)
  })

  it('is signed no more after a renewal without a secret', async (context) => {
    const both = await pair(context)
    await subscribed(both, { 'hub.secret': 'shared' })
    const from = both.peer.received.length
    assert.equal((await both.hub.subscribe(form(both.peer))).status, 202)
    let index = from + 1
    for (;;) {
      await both.hub.hub.publish(topic, probe)
      const { headers } = await both.peer.request(index++)
      if (headers['x-hub-signature'] === undefined) break
    }
  })

  it('stops when an unsubscription is confirmed, and not when it is not', async (context) => {
    let agrees = false
    const both = await pair(context, {
      respond(request, response, index) {
        const isEnd = request.url.searchParams.get('hub.mode') === 'unsubscribe'
        if (isEnd && !agrees) return response.writeHead(404).end()
        return agreeable(request, response, index)
      },
    })
    await subscribed(both)
    await both.hub.subscribe(form(both.peer, { 'hub.mode': 'unsubscribe' }))
    while (both.hub.logged.length === 0) await new Promise(setImmediate)
    assert.equal(await both.hub.hub.publish(topic, probe), 1)
    agrees = true
    await both.hub.subscribe(form(both.peer, { 'hub.mode': 'unsubscribe' }))
    while ((await both.hub.hub.publish(topic, probe)) > 0) await new Promise(setImmediate)
  })

  it('goes to so many callbacks of an origin at one time, and to the others when one has answered', async (context) => {
    const held: (() => void)[] = []
    const both = await pair(context, {
      respond(request, response, index) {
        if (request.body !== 'slow') return agreeable(request, response, index)
        return held.push(() => response.end())
      },
    })
    const many = perOriginAtOnce + 1
    for (let index = 0; index < many; index++) {
      await both.hub.subscribe(form(both.peer, { 'hub.callback': `${both.peer.origin}/cb${index}` }))
    }
    await both.peer.request(many - 1)
    const slow = { contentType: 'text/plain', content: Buffer.from('slow') }
    let before = both.peer.received.length
    for (let sent = 0; sent < many; before += sent) {
      sent = await both.hub.hub.publish(topic, probe)
      await both.peer.request(before + sent - 1)
    }
    assert.equal(await both.hub.hub.publish(topic, slow), many)
    await both.peer.request(before + perOriginAtOnce - 1)
    assert.equal(held.length, perOriginAtOnce)
    held[0]?.()
    await both.peer.request(before + perOriginAtOnce)
    assert.equal(held.length, many)
  })

  it('takes no update beyond deliveriesMax', async (context) => {
    const both = await pair(context, {
      deliveriesMax: 1,
      respond: (request, response, index) =>
        request.body === 'slow' ? undefined : agreeable(request, response, index),
    })
    await subscribed(both)
    while ((await both.hub.publish(topic, 'slow')).status === 503) await new Promise(setImmediate)
    assert.equal((await both.hub.publish(topic, 'more')).status, 503)
    await assert.rejects(both.hub.hub.publish(topic, probe), /too many deliveries/)
  })

  it('goes to the others while an origin takes nothing, which loses what is beyond its limit', async (context) => {
    const other = await startPeer(context)
    const both = await pair(context, {
      deliveriesPerOriginMax: 3,
      others: [other.origin],
      respond: (request, response, index) =>
        request.body === 'slow' ? undefined : agreeable(request, response, index),
    })
    await subscribed(both)
    await both.hub.subscribe(form(both.peer, { 'hub.callback': `${other.origin}/cb` }))
    while ((await both.hub.hub.publish(topic, probe)) < 2) await new Promise(setImmediate)
    const slow = { contentType: 'text/plain', content: Buffer.from('slow') }
    // The verification, and the probe; each of ours is awaited, so that few are outstanding there.
    for (let index = 2; index < 8; index++) {
      await other.request(index - 1)
      await both.hub.hub.publish(topic, slow)
    }
    await other.request(7)
    const lost = both.hub.logged.filter(({ message }) => message.includes('too much waits'))
    assert.deepEqual(new Set(lost.map(({ fields }) => fields['callbackOrigin'])), new Set([both.peer.origin]))
    assert.equal(lost.length, 3)
  })
})

function signed(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
