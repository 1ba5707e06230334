import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCa, issueCertificate } from '../../../../../tools/test-ca.ts'
import { programTest } from '../../../test/program.ts'
import { asksForStaples, judgeOcspResponse, ocspResponderOf, writeOcspRequest } from './index.ts'
import type { Run } from '../../../test/program.ts'

const hourMs = 3_600_000

type Issued = Awaited<ReturnType<typeof createCa>>

interface Authority {
  readonly certificate: X509Certificate
  /** openssl's answer about one of its certificates. */
  readonly answer: (about: X509Certificate, options?: AnswerOptions) => Buffer
  /** A responder that it names, with these lines of openssl's own configuration. */
  readonly appoint: (...extensions: readonly string[]) => Issued
}

interface AnswerOptions {
  readonly status?: 'V' | 'R' | 'absent'
  readonly signer?: Issued
  readonly more?: readonly string[]
}

/** An authority whose responder is openssl, without a network. */
function authority(run: Run, folder: string, ca: Issued, name: string): Authority {
  const file = (ending: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, `${name}.${ending}`), content)
    return `${name}.${ending}`
  }
  const own = ['-CA', file('crt', ca.cert), '-CAkey', file('key', ca.key)]
  const certificate = new X509Certificate(ca.cert)
  return {
    certificate,
    answer(about, { status = 'V', signer = ca, more = ['-nmin', '60'] } = {}) {
      const revoked = status === 'R' ? '260101000000Z' : ''
      const line = [status, '490101000000Z', revoked, about.serialNumber, 'unknown', '/CN=x'].join('\t')
      const index = file('index', status === 'absent' ? '' : `${line}\n`)
      const signing = ['-rsigner', file('signer.crt', signer.cert), '-rkey', file('signer.key', signer.key)]
      const request = [
        '-reqin',
        file('request', writeOcspRequest(about, certificate)),
        '-respout',
        'response',
      ]
      run(['ocsp', '-index', index, '-CA', `${name}.crt`, ...signing, ...request, ...more])
      return readFileSync(join(folder, 'response'))
    },
    appoint(...extensions) {
      run([
        'req',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=responder',
        '-keyout',
        'responder.key',
        '-out',
        'responder.csr',
      ])
      const lines = file('extensions', extensions.join('\n'))
      const cert = run(['x509', '-req', '-in', 'responder.csr', ...own, '-CAcreateserial', '-extfile', lines])
      return { cert: cert.toString(), key: run(['pkey', '-in', 'responder.key']).toString() }
    },
  }
}

const maySign = 'extendedKeyUsage=OCSPSigning'
const unchecked = 'noCheck=yes'

programTest('openssl', 'judges what the responder of openssl says of a certificate', async (run, folder) => {
  const ca = await createCa({ commonName: 'CA' })
  const { certificate: issuer, answer, appoint } = authority(run, folder, ca, 'ca')
  const other = authority(run, folder, await createCa({ commonName: 'CA' }), 'other')
  const issue = async (): Promise<X509Certificate> =>
    new X509Certificate((await issueCertificate({ ca, commonName: 'server' })).cert)
  const [certificate, sibling] = [await issue(), await issue()]
  const good = answer(certificate)
  const judge = (response: Uint8Array, laterMs = 0): string => {
    const nowMs = Date.now() + laterMs
    const verdict = judgeOcspResponse(response, { certificate, issuer, nowMs, maxAgeSeconds: 600 })
    return verdict.status === 'good' ? 'good' : `${verdict.status}: ${verdict.detail}`
  }
  const delegate = appoint(maySign, unchecked)
  const table: readonly (readonly [
    name: string,
    response: Uint8Array,
    expected: RegExp,
    laterMs?: number,
  ])[] = [
    ['good', good, /^good$/],
    ['good, signed with SHA-512', answer(certificate, { more: ['-nmin', '60', '-rmd', 'sha512'] }), /^good$/],
    [
      'good, by the key of the responder',
      answer(certificate, { more: ['-nmin', '9', '-resp_key_id'] }),
      /^good$/,
    ],
    ['good, by a delegate', answer(certificate, { signer: delegate }), /^good$/],
    ['until its next update', good, /^good$/, hourMs],
    ['revoked', answer(certificate, { status: 'R' }), /^revoked: /],
    ['not known to the responder', answer(certificate, { status: 'absent' }), /^unknown: /],
    ['after its next update', good, /unusable: it has expired/, hourMs + 120_000],
    ['of the future', good, /unusable: it is of the future/, -hourMs],
    ['of an age, where no next update is said', answer(certificate, { more: [] }), /expired/, 700_000],
    ['about another certificate', answer(sibling), /about another certificate/],
    ['of another authority of the same name', other.answer(certificate), /about another certificate/],
    [
      'by a delegate of another authority',
      answer(certificate, { signer: other.appoint(maySign, unchecked) }),
      /vouches/,
    ],
    [
      'by a delegate that may not sign',
      answer(certificate, { signer: appoint(unchecked) }),
      /not for signing/,
    ],
    [
      'by a server certificate',
      answer(certificate, { signer: appoint('extendedKeyUsage=serverAuth', unchecked) }),
      /not for signing/,
    ],
    ['by a delegate that could be revoked', answer(certificate, { signer: appoint(maySign) }), /nocheck/],
    [
      'without its delegate',
      answer(certificate, { signer: delegate, more: ['-resp_no_certs'] }),
      /neither the issuer/,
    ],
    ['signed with SHA-1', answer(certificate, { more: ['-rmd', 'sha1'] }), /broken or not known/],
    ['with bytes behind it', Buffer.concat([good, Buffer.of(0)]), /unusable/],
    ['nothing', Buffer.alloc(0), /unusable/],
    ['tryLater', Buffer.from('30030a0103', 'hex'), /tryLater/],
    ['too long', Buffer.alloc(65_537), /more than 65536 bytes/],
  ]
  for (const [name, response, expected, laterMs] of table)
    assert.match(judge(response, laterMs), expected, name)
})

programTest(
  'openssl',
  'takes no response of which a bit was changed, whatever byte it is in',
  async (run, folder) => {
    const ca = await createCa()
    const { certificate: issuer, answer } = authority(run, folder, ca, 'ca')
    const certificate = new X509Certificate((await issueCertificate({ ca, commonName: 'server' })).cert)
    const response = answer(certificate, { more: ['-nmin', '60', '-resp_no_certs'] })
    const question = { certificate, issuer, nowMs: Date.now(), maxAgeSeconds: 600 }
    assert.equal(judgeOcspResponse(response, question).status, 'good')
    for (const [offset, byte] of response.entries()) {
      const changed = Buffer.from(response)
      changed[offset] = byte ^ (1 << (offset % 8))
      assert.notEqual(judgeOcspResponse(changed, question).status, 'good', `byte ${offset}`)
    }
  },
)

programTest(
  'openssl',
  'openssl takes our request, and verifies the answer that we do',
  async (run, folder) => {
    const ca = await createCa()
    const { certificate: issuer, answer } = authority(run, folder, ca, 'ca')
    const { cert } = await issueCertificate({ ca, commonName: 'server' })
    writeFileSync(join(folder, 'response'), answer(new X509Certificate(cert)))
    writeFileSync(join(folder, 'server.crt'), cert)
    const asked = run(['ocsp', '-reqin', 'ca.request', '-req_text', '-noverify'])
    assert.match(
      asked.toString(),
      new RegExp(`Serial Number: 0*${new X509Certificate(cert).serialNumber}`, 'i'),
    )
    const told = run([
      'ocsp',
      '-respin',
      'response',
      '-CAfile',
      'ca.crt',
      '-issuer',
      'ca.crt',
      '-cert',
      'server.crt',
    ])
    assert.match(told.toString(), /server\.crt: good/)
    assert.ok(issuer.ca)
  },
)

programTest(
  'openssl',
  'reads where the responder is, and whether its word must be stapled',
  async (run, folder) => {
    const { appoint } = authority(run, folder, await createCa(), 'ca')
    const read = (...extensions: readonly string[]) => new X509Certificate(appoint(...extensions).cert)
    const urls = [
      'caIssuers;URI:http://ca.example/',
      'OCSP;URI:ldap://ocsp.example/',
      'OCSP;URI:http://ocsp.example/a',
    ]
    assert.equal(ocspResponderOf(read(`authorityInfoAccess=${urls.join(',')}`)), 'http://ocsp.example/a')
    assert.equal(ocspResponderOf(read(`authorityInfoAccess=${urls.slice(0, 2).join(',')}`)), undefined)
    assert.equal(ocspResponderOf(read(maySign)), undefined)
    assert.equal(asksForStaples(read('tlsfeature=status_request')), true)
    assert.equal(asksForStaples(read('tlsfeature=status_request_v2')), false)
    assert.equal(asksForStaples(read(maySign)), false)
  },
)
