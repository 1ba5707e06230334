import { text } from 'node:stream/consumers'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from 'barre/core'
import type { Case, Outcome, ProviderKit } from '../harness/kit.ts'
import { audience, issuer } from '../harness/world.ts'
import type { World } from '../harness/world.ts'

/** Opaque tokens, of which a server knows what they are (RFC 7662). */
export const introspection: ProviderKit = {
  folder: 'introspection',
  name: 'introspection',
  readsCertificate: false,
  async prepare(world) {
    const url = await serveAnswers(world)
    return {
      entry: entryFor(url),
      down: entryFor(world.deadUrl),
      principal: { id: `${issuer}:alice`, username: 'alice', scheme: 'Bearer' },
      asksFor: ['bearer'],
      never: {},
      cases,
    }
  },
}

function entryFor(url: string) {
  return { oauth2IntrospectionConfig: { url, issuer, audience, cacheConfig: {} } } as const
}

const lifeSeconds = 600
const good = { active: true, iss: issuer, aud: audience, sub: 'alice', scope: 'orders' }

/** What is different about each token that the server knows; it knows no others. */
const known: Readonly<Record<string, object>> = {
  'good-token': {},
  'expired-token': { exp: 1 },
  'early-token': { nbf: 4_000_000_000, exp: 4_000_000_600 },
  'stranger-token': { iss: 'https://other.example' },
  'inventory-token': { aud: 'inventory' },
  'nobody-token': { sub: undefined },
  'bound-token': { cnf: { jkt: 'abc' } },
  'stock-token': { scope: 'stock' },
  'scopeless-token': { scope: undefined },
}

function serveAnswers(world: World): Promise<string> {
  return world.serve((request, response) => void answer(request, response))
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(await text(request))
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(answerAbout(form.get('token') ?? '')))
}

function answerAbout(token: string): object {
  if (!Object.hasOwn(known, token)) return { active: false }
  return { ...good, exp: Math.floor(systemClock() / 1000) + lifeSeconds, ...known[token] }
}

const cases: readonly Case[] = [
  { ...bearer('good', 'good-token'), expect: 'admitted' },
  { ...bearer('good', 'good-token', 'from memory'), expect: 'admitted' },
  { outcome: 'absent', presented: {}, expect: 'missing' },
  { ...bearer('malformed', 'good-token good-token', 'two tokens in one value'), expect: 'malformed' },
  { ...bearer('malformed', '', 'a scheme without a token'), expect: 'malformed' },
  { ...bearer('expired', 'expired-token'), expect: 'expired' },
  { ...bearer('expired', 'good-token', 'since it was asked about'), aheadMs: 3_600_000, expect: 'expired' },
  { ...bearer('invalid', 'no-such-token', 'inactive'), expect: 'invalid' },
  { ...bearer('invalid', 'no-such-token', 'inactive, from memory'), expect: 'invalid' },
  { ...bearer('invalid', 'early-token', 'not good yet'), expect: 'invalid' },
  { ...bearer('invalid', 'stranger-token', 'of another issuer'), expect: 'invalid' },
  { ...bearer('invalid', 'inventory-token', 'for another service'), expect: 'invalid' },
  { ...bearer('invalid', 'nobody-token', 'of nobody'), expect: 'invalid' },
  { ...bearer('invalid', 'bound-token', 'bound to a key'), expect: 'invalid' },
  { ...bearer('out of scope', 'stock-token', 'another scope'), expect: 'insufficient_scope' },
  { ...bearer('out of scope', 'scopeless-token', 'no scope'), expect: 'insufficient_scope' },
  {
    ...bearer('out of scope', 'good-token', 'too little for the resource'),
    resource: 'elevated',
    expect: 'insufficient_scope',
  },
  { ...bearer('unavailable', 'good-token'), resource: 'down', expect: 'unavailable' },
  {
    outcome: 'duplicated',
    presented: { authorization: ['Bearer good-token', 'Bearer good-token'] },
    expect: 'malformed',
  },
  { outcome: 'other scheme', presented: { authorization: ['Basic YWxpY2U6eA=='] }, expect: 'invalid' },
  {
    outcome: 'scheme in other case',
    presented: { authorization: ['bEARER good-token'] },
    expect: 'admitted',
  },
]

function bearer(outcome: Outcome, token: string, of?: string): Pick<Case, 'outcome' | 'of' | 'presented'> {
  return { outcome, presented: { authorization: [`Bearer ${token}`] }, ...(of !== undefined && { of }) }
}
