import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { openKeyStore, writePkcs12 } from 'barre/crypto'
import forge from 'node-forge'
import type { Work } from '../work.ts'

const passphrase = 'password'
const store = createStore()

/** A store of one RSA key and its certificate, 2,048 rounds: the limit is OpenSSL's own reader. */
export const keyStores: readonly Work[] = [
  {
    title: 'PKCS#12: open a store and its key',
    isRight: (answer) => answer === true,
    contenders: {
      'node:tls': () => () => createSecureContext({ pfx: store, passphrase }) !== undefined,
      barre: () => () => openKeyStore(store, { password: passphrase }).privateKey('one').type === 'private',
      'node-forge': () => () => {
        const asn1 = forge.asn1.fromDer(store.toString('latin1'))
        const bags = forge.pkcs12.pkcs12FromAsn1(asn1, true, passphrase).getBags({ friendlyName: 'one' })
        return bags.friendlyName?.some(({ key }) => key !== undefined && key !== null) === true
      },
    },
  },
]

function createStore(): Buffer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs1' })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey.export({ format: 'pem', type: 'spki' }))
  certificate.validity.notAfter = new Date(Date.now() + 86_400_000)
  certificate.sign(forge.pki.privateKeyFromPem(pem), forge.md.sha256.create())
  const certificates = [new X509Certificate(forge.pki.certificateToPem(certificate))]
  const entry = { alias: 'one', privateKey: createPrivateKey(pem), certificates }
  return writePkcs12([entry], { password: passphrase, iterations: 2048 })
}
