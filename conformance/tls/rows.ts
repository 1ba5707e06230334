import { after } from 'node:test'
import { allowInsecureEndpoint } from 'barre/core'
import type { ClientSecureSocket, ListenerSecureSocket } from 'barre/core'
import { createTestCa } from '../../tools/test-ca.ts'

/** Who signed what both sides show. */
export const ca = await createTestCa()
const strangers = await createTestCa()
after(() => Promise.all([ca.remove(), strangers.remove()]))
const other = await ca.issue('other', { dnsNames: ['other.example'] })

export const trusted = { cert: ca.caFile }
export const key = ca.server
const versions = (...list: readonly string[]) => ({ protocol: { name: 'TLS' as const, versions: list } })
const withCertificate = { ...trusted, key: ca.client }
export const required = { key, mutualSsl: { cert: ca.caFile } }
export const optional = { key, mutualSsl: { cert: ca.caFile, verifyClient: 'OPTIONAL' as const } }
const certificate = 'spiffe://test/client'
const [weak, strong] = [['TLS_AES_128_GCM_SHA256'], ['TLS_AES_256_GCM_SHA384']]
export const old = versions('TLSv1.2')
const recent = versions('TLSv1.3')

/** What both sides say, and who was seen; `refused` by whichever side. */
type Row = readonly [
  field: string,
  listener: ListenerSecureSocket,
  client: ClientSecureSocket,
  expect: string,
]

export const listenerRows: readonly Row[] = [
  ['key', optional, trusted, 'nobody'],
  ['key of another name', { ...optional, key: other }, trusted, 'refused'],
  ['mutualSsl', required, withCertificate, certificate],
  ['mutualSsl, no certificate', required, trusted, 'refused'],
  ['mutualSsl.cert of another', { key, mutualSsl: { cert: strangers.caFile } }, withCertificate, 'refused'],
  ['mutualSsl.verifyClient OPTIONAL', optional, withCertificate, certificate],
  ['mutualSsl.verifyClient OPTIONAL, a stranger', optional, { ...trusted, key: strangers.client }, 'nobody'],
  ['protocol', { ...optional, ...old }, { ...trusted, ...old }, 'nobody'],
  ['protocol, older', { ...optional, ...old }, { ...trusted, ...recent }, 'refused'],
  ['protocol, newer', { ...optional, ...recent }, { ...trusted, ...old }, 'refused'],
  ['ciphers', { ...optional, ciphers: weak }, { ...trusted, ciphers: weak }, 'nobody'],
  ['ciphers, others', { ...optional, ciphers: weak }, { ...trusted, ciphers: strong }, 'refused'],
]

export const clientRows: readonly Row[] = [
  ['cert', optional, trusted, 'nobody'],
  ['cert of another authority', optional, { cert: strangers.caFile }, 'refused'],
  ['cert absent', optional, {}, 'refused'],
  ['enable false', optional, { enable: false, [allowInsecureEndpoint]: true }, 'nobody'],
  ['key', required, withCertificate, certificate],
  ['key absent', required, trusted, 'refused'],
  ['key of another authority', required, { ...trusted, key: strangers.client }, 'refused'],
  ['verifyHostName', { ...optional, key: other }, trusted, 'refused'],
  ['verifyHostName false', { ...optional, key: other }, { ...trusted, verifyHostName: false }, 'nobody'],
  ['serverName', { ...optional, key: other }, { ...trusted, serverName: 'other.example' }, 'nobody'],
  ['serverName of another', optional, { ...trusted, serverName: 'other.example' }, 'refused'],
  ['protocol', { ...optional, ...old }, { ...trusted, ...old }, 'nobody'],
  ['protocol, older', { ...optional, ...recent }, { ...trusted, ...old }, 'refused'],
  ['protocol, newer', { ...optional, ...old }, { ...trusted, ...recent }, 'refused'],
  ['ciphers', { ...optional, ciphers: strong }, { ...trusted, ciphers: strong }, 'nobody'],
  ['ciphers, others', { ...optional, ciphers: strong }, { ...trusted, ciphers: weak }, 'refused'],
]

/** What must not start, and the field that the error names. */
export const clientMistakes: readonly (readonly [client: object, path: string])[] = [
  [{ ...trusted, enable: false }, 'secureSocket.enable'],
  [{ verifyHostName: false }, 'secureSocket.verifyHostName'],
  [{ ...trusted, protocol: { name: 'SSL' } }, 'secureSocket.protocol.name'],
  [{ ...trusted, protocol: { name: 'DTLS' } }, 'secureSocket.protocol.name'],
  [{ ...trusted, ciphers: ['RC4'] }, 'secureSocket.ciphers'],
]

const validation = { cacheSize: 4, cacheValidityPeriod: 600 }
export const stapling = { type: 'OCSP_STAPLING' as const, ...validation }

export const listenerMistakes: readonly (readonly [listener: object, path: string])[] = [
  [{ mutualSsl: optional.mutualSsl }, 'secureSocket.key'],
  [{ ...optional, key: { ...key, keyFile: other.keyFile } }, 'secureSocket.key'],
  [{ ...optional, mutualSsl: { cert: key.keyFile } }, 'secureSocket.mutualSsl.cert'],
  [{ ...optional, protocol: { name: 'SSL' } }, 'secureSocket.protocol.name'],
  [{ ...optional, ciphers: ['RC4'] }, 'secureSocket.ciphers'],
  [{ ...optional, certValidation: { type: 'OCSP_CRL', ...validation } }, 'secureSocket.certValidation'],
]
