import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { createCa, issueCertificate } from './index.ts'

describe('createCa', () => {
  it('makes an authority that signed itself', async () => {
    const { cert, key } = await createCa({ commonName: 'Test CA, Ltd. #1' })
    const authority = new X509Certificate(cert)
    assert.equal(authority.ca, true)
    assert.ok(authority.verify(authority.publicKey))
    assert.ok(authority.checkPrivateKey(createPrivateKey(key)))
    assert.equal(authority.subject, 'CN=Test CA\\, Ltd. #1')
  })

  it('makes an intermediate that another authority signed', async () => {
    const root = await createCa({ commonName: 'Root' })
    const intermediate = new X509Certificate((await createCa({ commonName: 'Intermediate', ca: root })).cert)
    assert.ok(intermediate.checkIssued(new X509Certificate(root.cert)))
    assert.equal(intermediate.ca, true)
  })
})

describe('issueCertificate', () => {
  for (const caAlgorithm of ['EC', 'RSA'] as const) {
    for (const algorithm of ['EC', 'RSA'] as const) {
      it(`issues an ${algorithm} certificate of an ${caAlgorithm} authority`, async () => {
        const ca = await createCa({ algorithm: caAlgorithm })
        const { cert, key } = await issueCertificate({ ca, algorithm, commonName: 'order' })
        const [leaf, authority] = [new X509Certificate(cert), new X509Certificate(ca.cert)]
        assert.ok(leaf.checkIssued(authority))
        assert.ok(leaf.verify(authority.publicKey))
        assert.ok(leaf.checkPrivateKey(createPrivateKey(key)))
        assert.equal(leaf.publicKey.asymmetricKeyType, algorithm.toLowerCase())
        assert.equal(leaf.ca, false)
      })
    }
  }

  it('names every DNS name, address and URI', async () => {
    const { cert } = await issueCertificate({
      ca: await createCa(),
      dnsNames: ['order.internal', '*.example.com'],
      ipAddresses: ['127.0.0.1', '::1'],
      uris: ['spiffe://prod/order'],
    })
    const leaf = new X509Certificate(cert)
    assert.equal(
      leaf.subjectAltName,
      [
        'DNS:order.internal, DNS:*.example.com',
        'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
        'URI:spiffe://prod/order',
      ].join(', '),
    )
    assert.equal(leaf.subject, 'CN=order.internal')
  })

  it('is valid from five minutes ago for the days asked for, and never longer than its authority', async () => {
    const notBefore = new Date('2030-01-01T00:00:00Z')
    const ca = await createCa({ validDays: 10, notBefore })
    const short = new X509Certificate(
      (await issueCertificate({ ca, commonName: 'a', validDays: 3, notBefore })).cert,
    )
    const long = new X509Certificate(
      (await issueCertificate({ ca, commonName: 'a', validDays: 99, notBefore })).cert,
    )
    assert.equal(short.validToDate.toISOString(), '2030-01-04T00:00:00.000Z')
    assert.equal(long.validToDate.toISOString(), '2030-01-11T00:00:00.000Z')
  })

  for (const [name, options] of [
    ['no name at all', {}],
    ['a DNS name with a space', { dnsNames: ['a b'] }],
    ['an address that is none', { ipAddresses: ['999.1.1.1'] }],
    ['a relative URI', { uris: ['order'] }],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const ca = await createCa()
      await assert.rejects(issueCertificate({ ca, ...options }), RangeError)
    })
  }
})
