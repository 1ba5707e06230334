import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { createServer } from 'node:tls'
import { ocspResponder } from '../../../../tools/servers/index.ts'
import { createCa } from '../../../../tools/test-ca.ts'
import {
  hourMs,
  issue,
  listen,
  pki,
  responderTest,
  responseFor,
  validation,
} from '../../test/stapling-kit.ts'
import { allowUnstapled, ConfigError } from '../core/index.ts'
import { toClientOptions, tlsOpener, toServerOptions } from './index.ts'
import type { TLSSocket } from 'node:tls'
import type { Pair } from '../../test/stapling-kit.ts'
import type { CertKey, ClientCertValidation } from '../core/index.ts'

/** A server that staples these bytes, or nothing. */
async function serveResponse(key: CertKey, response: Buffer | null): Promise<number> {
  const server = createServer(toServerOptions({ key }, 'secureSocket'), (socket) =>
    socket.on('error', () => undefined),
  )
  server.on('tlsClientError', () => undefined)
  server.on('OCSPRequest', (_certificate, _issuer, callback) => callback(null, response))
  return listen(server)
}

type Ask = Partial<ClientCertValidation> & { readonly now?: () => number; readonly cert?: string | null }

const twoHoursLater = () => Date.now() + 2 * hourMs

/** `let in`, or why our client refused. */
async function connectTo(
  port: number,
  { now = Date.now, cert = pki.caFile, ...more }: Ask = {},
): Promise<string> {
  const certValidation = { ...validation, ...more }
  const opener = tlsOpener({ ...(cert !== null && { cert }), certValidation }, 'secureSocket', now)
  return outcome(opener.open({ port, host: '127.0.0.1', servername: 'localhost' }))
}

async function outcome(socket: TLSSocket): Promise<string> {
  try {
    await once(socket, 'secureConnect')
    return 'let in'
  } catch (error) {
    return (error as Error).message
  } finally {
    socket.destroy()
  }
}

responderTest('a client lets in only a server that staples a good response', async (responder) => {
  const [pair, revoked] = [await issue(responder.url), await issue(responder.url)]
  await responder.say({
    [pair.certificate.serialNumber]: 'good',
    [revoked.certificate.serialNumber]: 'revoked',
  })
  const response = await responseFor(responder, pair)
  const tampered = Buffer.from(response)
  // Of what is signed: certificates may follow the signature.
  tampered[100]! ^= 1
  const table: readonly [name: string, Pair, Buffer | null, expected: RegExp, Ask?][] = [
    ['good', pair, response, /^let in$/],
    ['none', pair, null, /staples no OCSP response/],
    ['none, where that is allowed', pair, null, /^let in$/, { [allowUnstapled]: true }],
    ['bad, where none is allowed', pair, tampered, /unrevoked/, { [allowUnstapled]: true }],
    ['tampered', pair, tampered, /unrevoked/],
    ['expired', pair, response, /it has expired/, { now: twoHoursLater }],
    ['revoked', revoked, await responseFor(responder, revoked), /was revoked/],
    ['of another certificate', revoked, response, /about another certificate/],
    ['garbage', pair, Buffer.from('garbage'), /unrevoked/],
  ]
  for (const [name, { key }, stapled, expected, ask] of table) {
    assert.match(await connectTo(await serveResponse(key, stapled), ask), expected, name)
  }
})

responderTest('an issuer that the server made up vouches for nothing', async () => {
  // Of the same name: node:tls shows it as the issuer, since it compares names only.
  const impostor = await createCa({ commonName: 'Barre test CA' })
  const pair = await issue(undefined)
  const accomplice = await ocspResponder.start(impostor)
  try {
    await accomplice.say({ [pair.certificate.serialNumber]: 'good' })
    const response = await responseFor(accomplice, pair, impostor)
    const [leaf] = (await readFile(pair.key.certFile, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/)
    const server = createServer({ cert: `${leaf}${impostor.cert}`, key: await readFile(pair.key.keyFile) })
    server.on('tlsClientError', () => undefined)
    server.on('OCSPRequest', (_certificate, _issuer, callback) => callback(null, response))
    assert.match(await connectTo(await listen(server)), /unrevoked/)
  } finally {
    await accomplice.stop()
  }
})

responderTest(
  'no session is resumed under certValidation, and a response is verified once',
  async (responder) => {
    const pair = await issue(responder.url)
    await responder.say({ [pair.certificate.serialNumber]: 'good' })
    const port = await serveResponse(pair.key, await responseFor(responder, pair))
    const opener = tlsOpener({ cert: pki.caFile, certValidation: validation }, 'secureSocket')
    assert.equal(opener.shareSession, false)
    for (let round = 0; round < 2; round++) {
      assert.equal(await outcome(opener.open({ port, host: '127.0.0.1', servername: 'localhost' })), 'let in')
    }
  },
)

describe('a client with certValidation', () => {
  it('is refused at start where nothing can look at what is stapled, or nothing is validated', () => {
    const table: readonly [() => void, string, RegExp][] = [
      [
        () => toClientOptions({ certValidation: validation }, 's'),
        's.certValidation',
        /library of this wire/,
      ],
      [
        () => tlsOpener({ certValidation: { ...validation, type: 'OCSP_CRL' } }, 's'),
        's.certValidation.type',
        /OCSP_STAPLING/,
      ],
      [
        () => tlsOpener({ enable: false, certValidation: validation }, 's'),
        's.certValidation',
        /enable is false/,
      ],
    ]
    for (const [act, path, problem] of table) assert.throws(act, isConfigError(path, problem))
  })

  it('still refuses a certificate for another host', async () => {
    const key = await pki.issue('elsewhere', { dnsNames: ['elsewhere.internal'] })
    assert.match(
      await connectTo(await serveResponse(key, null), { [allowUnstapled]: true }),
      /does not match/,
    )
  })
})

function isConfigError(path: string, problem: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.path, path)
    assert.match(error.message, problem)
    return true
  }
}
