import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run, topic } from '../../../test/websub-subscriber.ts'
import { startPeer } from '../../../test/websub-wire.ts'
import { discoveryMaxBytes } from './discovery.ts'
import { linkHeader } from './links.ts'

describe('discovery', () => {
  const evil = 'https://evil.example/'

  type Make<T> = (hub: string) => T
  const found: readonly (readonly [string, string, Make<string>, Make<string | string[]>?])[] = [
    ['Link headers', 'application/json', () => '{}', (hub) => linkHeader(topic, [hub, evil])],
    [
      'Link headers of one link each',
      'application/json',
      () => '{}',
      (hub) => [`<${hub}>; rel="hub"`, `<${topic}>; rel="self"`],
    ],
    [
      'Link headers before elements',
      'text/html',
      () => page(evil),
      (hub) => `<${hub}>; rel=hub, <${topic}>; rel=self`,
    ],
    ['elements of a page', 'text/html; charset=utf-8', (hub) => page(hub)],
    [
      'elements of a page whose Link header is about something else',
      'text/html',
      (hub) => page(hub),
      () => '</style.css>; rel=preload',
    ],
    [
      'elements of a feed',
      'application/atom+xml',
      (hub) => `<feed><atom:link rel='hub' href='${hub}'/><link href="${topic}" rel="self"/></feed>`,
    ],
    [
      'elements of a feed in RSS',
      'application/rss+xml',
      (hub) =>
        `<rss><channel><atom:link rel="hub" href="${hub}"/><atom:link rel="self" href="${topic}"/><item/></channel>`,
    ],
  ]
  for (const [name, type, body, link] of found) {
    it(`finds hub and topic by ${name}`, async (context) => {
      let hubUrl = ''
      const site = await startPeer(context, (_request, response) => {
        response.setHeader('content-type', type)
        if (link !== undefined) response.setHeader('link', link(hubUrl))
        response.end(body(hubUrl))
      })
      const { subscriber, hub } = await run(context, {
        target: `${site.origin}/start`,
        allowedAddresses: ['127.0.0.1'],
      })
      hubUrl = `${hub.origin}/found`
      await subscriber.subscribe()
      const { url, body: form } = await hub.request(0)
      assert.deepEqual([url.pathname, new URLSearchParams(form).get('hub.topic')], ['/found', topic])
    })
  }

  it('asks for the topic by the name that it gives itself, also relative to the page', async (context) => {
    let hubUrl = ''
    const site = await startPeer(context, (_request, response) =>
      response.setHeader('link', `<${hubUrl}>; rel="hub", </feed.json>; rel="self"`).end('{}'),
    )
    const { subscriber, hub } = await run(context, {
      target: `${site.origin}/feed`,
      allowedAddresses: ['127.0.0.1'],
    })
    hubUrl = `${hub.origin}/found`
    await subscriber.subscribe()
    const { body } = await hub.request(0)
    assert.equal(new URLSearchParams(body).get('hub.topic'), `${site.origin}/feed.json`)
  })

  const refused: readonly (readonly [string, string, RegExp, number?])[] = [
    ['is as long as may be, and names no hub', 'x'.repeat(discoveryMaxBytes), /names no hub/],
    ['names no hub', '<html></html>', /names no hub/],
    ['names no self', '<link rel=hub href=https://a.example/>', /name itself exactly once/],
    ['names two selves', `<link rel=self href=a>${page(evil)}`, /name itself exactly once/],
    ['redirects inside our network', '', /fetch failed/, 302],
    ['answers neither page nor redirect', '', /answered 304/, 304],
    ['is endless', 'x'.repeat(discoveryMaxBytes + 1), /longer than 524288 bytes/],
    ['names a hub without TLS', page('http://hub.example/'), /plain http/],
    ['names a hub inside our network', page('https://169.254.169.254/'), /fetch failed/],
    ['names a hub on our machine', page('http://127.0.0.1:1/'), /fetch failed/],
  ]
  for (const [name, body, error, status = 200] of refused) {
    it(`throws where the topic ${name}`, async (context) => {
      const site = await startPeer(context, (_request, response) =>
        response.writeHead(status, { 'content-type': 'text/html', location: '/next' }).end(body),
      )
      const { subscriber } = await run(context, { target: `${site.origin}/` })
      await assert.rejects(subscriber.subscribe(), error)
      assert.equal(site.received.length, 1)
    })
  }
})

function page(hub: string, self = topic): string {
  return `<html><head><link rel="hub" href="${hub}"><link rel="self" href="${self}"></head></html>`
}
