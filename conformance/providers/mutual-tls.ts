import type { ProviderKit } from '../harness/kit.ts'

/** Longer than any certificate here lives. */
const afterAllCertificatesMs = 20 * 365 * 86_400_000

/** Client certificates, named one by one. */
export const mutualTls: ProviderKit = {
  folder: 'mutual-tls',
  name: 'mutualTls',
  readsCertificate: true,
  async prepare({ clients }) {
    const { alice, bob, mallory, impostor } = clients
    const twice = ['Bearer abc', 'Bearer abc']
    return {
      entry: { mutualTlsConfig: { identities: { 'cn:alice': ['orders'], 'cn:bob': ['stock'] } } },
      principal: { id: 'cn:alice', username: 'cn:alice', scheme: 'mutual-tls' },
      asksFor: [],
      never: {
        malformed: 'a certificate that cannot be read ends in the handshake',
        unavailable: 'the connection itself is the proof',
        'scheme in other case': 'a certificate has no scheme',
      },
      cases: [
        { outcome: 'good', presented: { certificate: alice }, expect: 'admitted' },
        {
          outcome: 'good',
          of: 'beside an Authorization that nobody here reads',
          presented: { certificate: alice, authorization: ['Bearer abc'] },
          expect: 'admitted',
        },
        { outcome: 'absent', presented: {}, expect: 'missing' },
        {
          outcome: 'expired',
          of: 'on a connection that outlives it',
          presented: { certificate: alice },
          aheadMs: afterAllCertificatesMs,
          expect: 'expired',
        },
        {
          outcome: 'invalid',
          of: 'an identity that is not named',
          presented: { certificate: mallory },
          expect: 'invalid',
        },
        {
          outcome: 'invalid',
          of: 'the right name by a stranger, which counts as none',
          presented: { certificate: impostor },
          expect: 'missing',
        },
        {
          outcome: 'out of scope',
          presented: { certificate: bob },
          expect: 'insufficient_scope',
        },
        {
          outcome: 'out of scope',
          of: 'too little for the resource',
          presented: { certificate: alice },
          resource: 'elevated',
          expect: 'insufficient_scope',
        },
        { outcome: 'duplicated', presented: { authorization: twice }, expect: 'malformed' },
        { outcome: 'other scheme', presented: { authorization: ['Bearer abc'] }, expect: 'invalid' },
      ],
    }
  },
}
