import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuse } from '../../core/index.ts'
import { toSettings } from './http-options.ts'
import type { HttpOptions } from './http-options.ts'
import { phrase } from './refusal.ts'

const publicOrigin = 'https://orders.example'

const places: [options: HttpOptions, url: string][] = [
  [{ publicOrigin, resourceMetadata: {} }, 'https://orders.example/.well-known/oauth-protected-resource'],
  [
    { publicOrigin, publicPath: '/v1', resourceMetadata: {} },
    'https://orders.example/.well-known/oauth-protected-resource/v1',
  ],
  [
    { publicOrigin, resourceMetadata: { resource: 'https://orders.example/' } },
    'https://orders.example/.well-known/oauth-protected-resource',
  ],
  [
    { resourceMetadata: { resource: 'https://orders.example/a/b' } },
    'https://orders.example/.well-known/oauth-protected-resource/a/b',
  ],
]

for (const [options, url] of places) {
  test(`the metadata of ${JSON.stringify(options)} are at ${url}`, () => {
    const { metadata } = toSettings(options)
    assert.deepEqual([metadata?.url, metadata?.path], [url, new URL(url).pathname])
  })
}

test('the document has the names of the standard', () => {
  const { metadata } = toSettings({
    publicOrigin,
    resourceMetadata: {
      jwksUri: 'https://orders.example/jwks',
      resourceTosUri: 'https://orders.example/tos',
      bearerMethodsSupported: ['header', 'query'],
      tlsClientCertificateBoundAccessTokens: true,
      dpopSigningAlgValuesSupported: ['ES256'],
      dpopBoundAccessTokensRequired: true,
    },
  })
  assert.deepEqual(JSON.parse(metadata?.answer.body ?? ''), {
    resource: publicOrigin,
    jwks_uri: 'https://orders.example/jwks',
    resource_tos_uri: 'https://orders.example/tos',
    bearer_methods_supported: ['header', 'query'],
    tls_client_certificate_bound_access_tokens: true,
    dpop_signing_alg_values_supported: ['ES256'],
    dpop_bound_access_tokens_required: true,
  })
})

test('challenges for a token point to the metadata, others and outages do not', () => {
  const settings = toSettings({ publicOrigin, resourceMetadata: {} })
  const url = 'resource_metadata="https://orders.example/.well-known/oauth-protected-resource"'
  const challenges = ['Bearer', 'DPoP algs="ES256"', 'Basic realm="x"', 'Bearers']
  const asked = (code: 'missing' | 'unavailable'): string[] => {
    const { headers } = phrase({ ...refuse(code, ''), challenges, reply: [] }, settings)
    return headers.filter(([name]) => name === 'www-authenticate').map(([, value]) => value)
  }
  assert.deepEqual(asked('missing'), [
    `Bearer ${url}`,
    `DPoP algs="ES256", ${url}`,
    'Basic realm="x"',
    'Bearers',
  ])
  assert.deepEqual(asked('unavailable'), [])
})

const wrong: [options: object, path: string][] = [
  [{ resourceMetadata: {} }, 'resourceMetadata.resource'],
  [{ resourceMetadata: { resource: 'orders' } }, 'resourceMetadata.resource'],
  [{ resourceMetadata: { resource: 'http://orders.example' } }, 'resourceMetadata.resource'],
  [{ resourceMetadata: { resource: 'https://orders.example/#a' } }, 'resourceMetadata.resource'],
  [{ resourceMetadata: { resource: 'https://orders.example/?a' } }, 'resourceMetadata.resource'],
  [{ resourceMetadata: { resource: 'https://orders.example/a%2f"' } }, 'resourceMetadata.resource'],
  [{ publicOrigin, resourceMetadata: { resource: 'https://other.example' } }, 'resourceMetadata.resource'],
  [{ publicOrigin, resourceMetadata: { issuer: 'x' } }, 'resourceMetadata.issuer'],
  [
    { publicOrigin, resourceMetadata: { authorizationServers: ['http://as.example'] } },
    'resourceMetadata.authorizationServers[0]',
  ],
  [{ publicPath: '/v1' }, 'publicPath'],
  [{ publicOrigin, publicPath: 'v1' }, 'publicPath'],
  [{ publicOrigin, publicPath: '/v1/' }, 'publicPath'],
  [{ publicOrigin, publicPath: '/a/../b' }, 'publicPath'],
]

for (const [options, path] of wrong) {
  test(`${JSON.stringify(options)} is a start error`, () => {
    assert.throws(() => toSettings(options), { code: 'config', path })
  })
}
