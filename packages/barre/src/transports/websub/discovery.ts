import { readBody } from '../../core/index.ts'
import type { Fetch } from '../../core/index.ts'
import { readLinkElements, readLinkHeader } from './links.ts'
import type { Links } from './links.ts'
import { mediaType } from './message.ts'

/** The most of a topic that is read in search of its links, in bytes. */
export const discoveryMaxBytes = 524_288

/** Which hub distributes a topic, and the topic's own name for itself. */
export interface Discovered {
  readonly hub: URL
  readonly topic: string
}

/** Asks a topic for its hub (WebSub §4): Link headers, else link elements. Throws where it does not say. */
export async function discover(fetch: Fetch, url: string): Promise<Discovered> {
  const response = await fetch(url, { headers: { accept: 'text/html, application/xml;q=0.9, */*;q=0.8' } })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the topic answered ${response.status} where 200 was expected`)
  }
  // Another one than `url` after a redirect.
  const page = response.url
  const header = readLinkHeader(response.headers.get('link') ?? '')
  if (isComplete(header)) {
    await response.body?.cancel()
    return toDiscovered(header, page)
  }
  const body = await readBody(response, discoveryMaxBytes)
  if (body === undefined)
    throw new Error(`the topic names no hub, and is longer than ${discoveryMaxBytes} bytes`)
  const elements = elementsOf(body, mediaType(response.headers.get('content-type')))
  return toDiscovered(
    {
      hubs: header.hubs.length > 0 ? header.hubs : elements.hubs,
      self: header.self.length > 0 ? header.self : elements.self,
    },
    page,
  )
}

function isComplete({ hubs, self }: Links): boolean {
  return hubs.length > 0 && self.length > 0
}

function elementsOf(body: Buffer, type: string): Links {
  const isXml = type.endsWith('+xml') || type === 'application/xml' || type === 'text/xml'
  if (type === 'text/html' || type === 'application/xhtml+xml')
    return readLinkElements(body.toString(), 'html')
  return isXml ? readLinkElements(body.toString(), 'xml') : { hubs: [], self: [] }
}

function toDiscovered({ hubs, self }: Links, url: string): Discovered {
  const [hub] = hubs
  const [topic] = self
  if (hub === undefined) throw new Error('the topic names no hub (rel="hub")')
  if (topic === undefined || new Set(self).size > 1) {
    throw new Error('the topic does not name itself exactly once (rel="self")')
  }
  const [hubUrl, topicUrl] = [URL.parse(hub, url), URL.parse(topic, url)]
  if (hubUrl === null || topicUrl === null) throw new Error('the hub or the topic is no URL')
  // An absolute name is kept to the letter: the hub compares it.
  return { hub: hubUrl, topic: URL.canParse(topic) ? topic : topicUrl.href }
}
