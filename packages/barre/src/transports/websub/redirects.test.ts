import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run, topic } from '../../../test/websub-subscriber.ts'
import { startPeer } from '../../../test/websub-wire.ts'
import { redirectsMax } from './redirects.ts'

const allowedAddresses = ['127.0.0.1']

describe('a topic that has moved', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`is asked where ${status} leads, without what is meant for its old place`, async (context) => {
      let hubUrl = ''
      const place = await startPeer(context, (_request, response) =>
        response.setHeader('link', [`<${hubUrl}>; rel="hub"`, '</feed>; rel="self"']).end(),
      )
      const old = await startPeer(context, (_request, response) =>
        response.writeHead(status, { location: `${place.origin}/moved` }).end(),
      )
      const { subscriber, hub } = await run(context, {
        target: `${old.origin}/`,
        discoveryConfig: { customHeaders: { 'x-key': 'k' } },
        allowedAddresses,
      })
      hubUrl = `${hub.origin}/found`
      await subscriber.subscribe()
      const headers = [await old.request(0), await place.request(0)].map(
        (request) => request.headers['x-key'],
      )
      assert.deepEqual(headers, ['k', undefined])
      const { body } = await hub.request(0)
      assert.equal(new URLSearchParams(body).get('hub.topic'), `${place.origin}/feed`)
    })
  }

  it(`is followed ${redirectsMax} times, and no further`, async (context) => {
    const site = await startPeer(context, (_request, response, index) =>
      response.writeHead(302, { location: `/${index}` }).end(),
    )
    const { subscriber } = await run(context, { target: `${site.origin}/`, allowedAddresses })
    await assert.rejects(subscriber.subscribe(), /more than 5 redirects/)
    assert.equal(site.received.length, redirectsMax + 1)
  })
})

describe('a hub that names another hub', () => {
  for (const status of [307, 308]) {
    it(`by ${status} has the same asked there, without our identity`, async (context) => {
      const next = await startPeer(context)
      const { subscriber, hub, verify } = await run(context, {
        respond: (_request, response) =>
          response.writeHead(status, { location: `${next.origin}/next` }).end(),
        httpConfig: { auth: { token: 'reader' }, customHeaders: { 'x-key': 'k' } },
        allowedAddresses,
      })
      await subscriber.subscribe()
      const [first, second] = [await hub.request(0), await next.request(0)]
      assert.deepEqual([second.method, second.url.pathname, second.body], ['POST', '/next', first.body])
      assert.deepEqual([first.headers.authorization, first.headers['x-key']], ['Bearer reader', 'k'])
      assert.deepEqual([second.headers.authorization, second.headers['x-key']], [undefined, undefined])
      assert.equal((await verify()).status, 200)
    })
  }

  const refused: readonly (readonly [string, string | undefined, number, RegExp])[] = [
    ['inside our network', 'http://127.0.0.1:1/', 307, /fetch failed/],
    ['at the address of the metadata', 'https://169.254.169.254/', 307, /fetch failed/],
    ['without TLS', 'http://hub.example/', 308, /plain http/],
    ['nowhere', undefined, 307, /answered 307/],
    ['by a status that changes the request', 'https://hub.example/', 302, /answered 302/],
    ['by another such status', 'https://hub.example/', 303, /answered 303/],
  ]
  for (const [name, location, status, error] of refused) {
    it(`${name} is not called, and nothing is verified`, async (context) => {
      const { subscriber, verify } = await run(context, {
        respond: (_request, response) => response.writeHead(status, location ? { location } : {}).end(),
      })
      await assert.rejects(subscriber.subscribe(), error)
      assert.equal((await verify({ 'hub.topic': topic })).status, 404)
    })
  }
})
