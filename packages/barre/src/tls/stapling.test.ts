import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createSecureServer } from 'node:http2'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createServer } from 'node:tls'
import { ocspResponder } from '../../../../tools/servers/index.ts'
import {
  closers,
  hourMs,
  issue,
  listen,
  pki,
  responderTest,
  responseFor,
  validation,
} from '../../test/stapling-kit.ts'
import { ConfigError } from '../core/index.ts'
import { tlsOpener, toServerOptions, toWatchedOptions, watchCertificates } from './index.ts'
import type { Fetch, ListenerSecureSocket, Log } from '../core/index.ts'
import type { CertificateTarget } from './index.ts'

/** A log whose next line of a level can be awaited. */
function heardLog(): Log & { next(level: string): Promise<string> } {
  const waiting = new Map<string, (message: string) => void>()
  const say = (level: string) => (_: object, message: string) => waiting.get(level)?.(message)
  return {
    next: (level) => new Promise((resolve) => waiting.set(level, resolve)),
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
  }
}

interface Served {
  readonly port: number
  readonly log: ReturnType<typeof heardLog>
  readonly check: () => boolean
}

async function serve(
  secureSocket: ListenerSecureSocket,
  { now = Date.now, http2 = false }: { readonly now?: () => number; readonly http2?: boolean } = {},
): Promise<Served> {
  const options = toWatchedOptions(secureSocket, 'secureSocket', now)
  const server = http2
    ? createSecureServer(options)
    : createServer(options, (socket) => socket.on('error', () => undefined))
  const log = heardLog()
  const watcher = watchCertificates(server, secureSocket, { log, now, fetch })
  closers.push(() => watcher.close())
  return { port: await listen(server), log, check: () => watcher.check() }
}

/** What openssl's client says of the response that it asked for. */
function askWithOpenssl(port: number): Promise<string> {
  const args = [
    's_client',
    '-connect',
    `127.0.0.1:${port}`,
    '-servername',
    'localhost',
    '-status',
    '-CAfile',
    pki.caFile,
  ]
  const { promise, resolve } = Promise.withResolvers<string>()
  execFile(ocspResponder.program, args, (_, stdout) => resolve(stdout)).stdin?.end()
  return promise
}

const isGood = /OCSP Response Status: successful[^]*Cert Status: good/
const isAbsent = /OCSP response: no response sent/

for (const http2 of [false, true]) {
  responderTest(`${http2 ? 'HTTP/2' : 'a TLS'} server staples what its responder says`, async (responder) => {
    const pair = await issue(responder.url)
    await responder.say({ [pair.certificate.serialNumber]: 'good' })
    const { port } = await serve({ key: pair.key, certValidation: validation }, { http2 })
    assert.match(await askWithOpenssl(port), isGood)
  })
}

responderTest(
  'keeps a good response while the responder is away, and no longer than it holds',
  async (responder) => {
    let nowMs = Date.now()
    const pair = await issue(responder.url)
    await responder.say({ [pair.certificate.serialNumber]: 'good' })
    const { port, log } = await serve({ key: pair.key, certValidation: validation }, { now: () => nowMs })
    assert.match(await askWithOpenssl(port), isGood)
    await responder.stop()
    nowMs += hourMs / 2
    const failed = log.next('warn')
    assert.match(await askWithOpenssl(port), isGood)
    assert.match(await failed, /one that still holds stays/)
    nowMs += hourMs
    assert.match(await askWithOpenssl(port), isAbsent)
  },
)

responderTest('staples nothing once the responder has taken back its word', async (responder) => {
  let nowMs = Date.now()
  const pair = await issue(responder.url)
  const { serialNumber } = pair.certificate
  await responder.say({ [serialNumber]: 'good' })
  const { port, log, check } = await serve(
    { key: pair.key, certValidation: validation },
    { now: () => nowMs },
  )
  assert.match(await askWithOpenssl(port), isGood)
  await responder.say({ [serialNumber]: 'revoked' })
  nowMs += 600_000
  const told = log.next('error')
  check()
  assert.match(await told, /does not call our TLS certificate good/)
  assert.match(await askWithOpenssl(port), isAbsent)
})

responderTest('staples for a renewed certificate too, without a restart', async (responder) => {
  const [pair, renewed] = [await issue(responder.url), await issue(responder.url)]
  await responder.say({ [pair.certificate.serialNumber]: 'good', [renewed.certificate.serialNumber]: 'good' })
  const { port, check } = await serve({ key: pair.key, certValidation: { ...validation, cacheSize: 1 } })
  assert.match(await askWithOpenssl(port), isGood)
  for (const file of ['certFile', 'keyFile'] as const)
    await writeFile(pair.key[file], await readFile(renewed.key[file]))
  assert.equal(check(), true)
  const said = await askWithOpenssl(port)
  assert.match(said, isGood)
  assert.match(said, new RegExp(`Serial Number: 0*${renewed.certificate.serialNumber}`, 'i'))
})

responderTest('staples a response from a file, and the one that replaces it', async (responder) => {
  const pair = await issue(undefined)
  await responder.say({ [pair.certificate.serialNumber]: 'good' })
  const responseFile = join(pki.directory, 'response.der')
  await writeFile(responseFile, await responseFor(responder, pair))
  let nowMs = Date.now()
  const { port, check } = await serve(
    { key: pair.key, certValidation: { ...validation, responseFile } },
    { now: () => nowMs },
  )
  assert.match(await askWithOpenssl(port), isGood)
  await writeFile(responseFile, 'half a response')
  assert.equal(check(), false)
  assert.match(await askWithOpenssl(port), isGood)
  nowMs += 2 * hourMs
  assert.match(await askWithOpenssl(port), isAbsent)
})
const url = 'http://127.0.0.1:1'
const start = (
  secureSocket: ListenerSecureSocket,
  options: { fetch?: Fetch } = { fetch },
  target?: CertificateTarget,
) => {
  const server = target ?? createServer(toWatchedOptions(secureSocket, 's'))
  watchCertificates(server, secureSocket, { log: heardLog(), path: 's', ...options }).close()
}

describe('a server with certValidation', () => {
  it('never waits long for a responder that does not answer', async () => {
    const silent = await listen(createTcpServer((socket) => socket.on('error', () => undefined)))
    const pair = await issue(`http://127.0.0.1:${silent}`)
    const { port } = await serve({ key: pair.key, certValidation: validation })
    const opener = tlsOpener({ cert: pki.caFile }, 'secureSocket')
    const socket = opener.open({ port, host: '127.0.0.1', servername: 'localhost', requestOCSP: true })
    closers.push(() => socket.destroy())
    const [[stapled]] = await Promise.all([once(socket, 'OCSPResponse'), once(socket, 'secureConnect')])
    assert.equal(stapled, null)
  })

  it('does not start where it could not staple', async () => {
    const [named, unnamed] = [await issue(url), await issue(undefined)]
    const alone = await pki.issue('alone', { ocspUrl: url, dnsNames: ['localhost'] })
    const certValidation = { ...validation, responseFile: join(pki.directory, 'absent.der') }
    const garbage = join(pki.directory, 'garbage.der')
    await writeFile(garbage, 'garbage')
    const mute: CertificateTarget = { setSecureContext: () => undefined }
    const table: readonly [() => void, string, RegExp][] = [
      [
        () => start({ key: unnamed.key, certValidation: validation }),
        's.certValidation',
        /names no OCSP responder/,
      ],
      [() => start({ key: alone, certValidation: validation }), 's.key.certFile', /put the issuer behind it/],
      [() => start({ key: named.key, certValidation: validation }, {}), 's.certValidation', /needs a fetch/],
      [
        () => start({ key: named.key, certValidation: validation }, { fetch }, mute),
        's.certValidation',
        /cannot staple/,
      ],
      [() => start({ key: named.key, certValidation }), 's.certValidation.responseFile', /ENOENT/],
      [
        () => start({ key: named.key, certValidation: { ...validation, responseFile: garbage } }),
        's.certValidation.responseFile',
        /expected tag/,
      ],
      [
        () => start({ key: named.key, certValidation: { ...validation, type: 'OCSP_CRL' } }),
        's.certValidation.type',
        /say OCSP_STAPLING/,
      ],
      [
        () => start({ key: named.key, certValidation: { ...validation, cacheSize: 0 } }),
        's.certValidation.cacheSize',
        /from 1 to/,
      ],
      [
        () => toServerOptions({ key: named.key, certValidation: validation }, 's'),
        's.certValidation',
        /toWatchedOptions/,
      ],
    ]
    for (const [act, path, problem] of table) assert.throws(act, isConfigError(path, problem))
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
