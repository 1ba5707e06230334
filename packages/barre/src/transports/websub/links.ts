/** What a topic says of itself: the hubs that distribute it, and its own URL. */
export interface Links {
  readonly hubs: readonly string[]
  readonly self: readonly string[]
}

/** The most links that are looked at. */
export const linksMax = 100

/** A Link header with the topic as `self` and its hubs (WebSub §4, §7): for publishers, and what a hub sends. */
export function linkHeader(topic: string, hubs: readonly string[]): string {
  return [...hubs.map((hub) => `<${hub}>; rel="hub"`), `<${topic}>; rel="self"`].join(', ')
}

/** The links of a Link header (RFC 8288 §3); reading stops at what is not one. */
export function readLinkHeader(value: string): Links {
  const found: Found[] = []
  const target = /[\s,]*<([^<>]{0,2048})>/y
  const parameter = /\s*;\s*([\w*-]{1,64})(?:\s*=\s*(?:"((?:[^"\\]|\\.){0,2048})"|([^\s",;]{1,2048})))?/y
  let at = 0
  while (found.length < linksMax) {
    target.lastIndex = at
    const link = target.exec(value)
    if (link === null) break
    at = target.lastIndex
    let rel: string | undefined
    for (;;) {
      parameter.lastIndex = at
      const next = parameter.exec(value)
      if (next === null) break
      at = parameter.lastIndex
      // RFC 8288 §3.3: of several rel parameters the first one counts.
      if (next[1]?.toLowerCase() === 'rel') rel ??= next[2] ?? next[3] ?? ''
    }
    found.push({ rel: rel ?? '', href: link[1] ?? '' })
  }
  return toLinks(found)
}

/**
 * The link elements of an HTML page's head, or of a feed before its first entry: what readers wrote into a page must
 * not name its hub.
 */
export function readLinkElements(text: string, kind: 'html' | 'xml'): Links {
  const found: Found[] = []
  let at = text.indexOf('<')
  while (at !== -1 && found.length < linksMax) {
    const skipped = skip(text, at, kind)
    if (skipped === undefined) break
    if (skipped === at) {
      const link = readElement(text, at)
      if (link !== undefined) found.push(link)
    }
    at = text.indexOf('<', Math.max(skipped, at + 1))
  }
  return toLinks(found)
}

interface Found {
  readonly rel: string
  readonly href: string
}

function toLinks(found: readonly Found[]): Links {
  const named = (wanted: string): string[] =>
    found.filter(({ rel }) => rel.toLowerCase().split(/\s+/).includes(wanted)).map(({ href }) => href)
  return { hubs: named('hub'), self: named('self') }
}

/** Where markup that hides links ends; `at` itself where there is none, `undefined` where reading ends. */
function skip(text: string, at: number, kind: 'html' | 'xml'): number | undefined {
  for (const [open, close] of [
    ['<!--', '-->'],
    ['<![CDATA[', ']]>'],
  ] as const) {
    if (text.startsWith(open, at)) return after(text.indexOf(close, at + open.length), close.length)
  }
  const name = nameAt(text, at)
  if (kind === 'xml') return /^(?:\w+:)?(?:item|entry)$/.test(name) ? undefined : at
  if (name === 'body') return undefined
  if (!/^(?:script|style|title|template|noscript|textarea)$/.test(name)) return at
  const closing = new RegExp(`</${name}[\\s/>]`, 'gi')
  closing.lastIndex = at
  return after(closing.exec(text)?.index ?? -1, 2)
}

function after(index: number, length: number): number | undefined {
  return index === -1 ? undefined : index + length
}

function nameAt(text: string, at: number): string {
  return (/^<([\w:-]{1,32})/.exec(text.slice(at, at + 34))?.[1] ?? '').toLowerCase()
}

function readElement(text: string, at: number): Found | undefined {
  const name = nameAt(text, at)
  if (!/^(?:\w+:)?link$/.test(name)) return undefined
  const attribute =
    /[\s/]*([^\s=>/"'<]{1,64})(?:\s*=\s*(?:"([^"]{0,2048})"|'([^']{0,2048})'|([^\s"'>]{1,2048})))?/y
  attribute.lastIndex = at + 1 + name.length
  const values = new Map<string, string>()
  for (let count = 0; count < linksMax; count++) {
    const next = attribute.exec(text)
    if (next === null) break
    const key = (next[1] ?? '').toLowerCase()
    if (!values.has(key)) values.set(key, unescape(next[2] ?? next[3] ?? next[4] ?? ''))
  }
  const href = values.get('href')
  return href === undefined ? undefined : { rel: values.get('rel') ?? '', href }
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  amp: '&',
}

function unescape(value: string): string {
  return value.replaceAll(/&(lt|gt|quot|apos|#39|amp);/g, (_, name: string) => entities[name] ?? '')
}
