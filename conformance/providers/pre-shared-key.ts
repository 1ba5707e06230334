import type { ProviderKit } from '../harness/kit.ts'

/** Pre-shared keys: the wires of the matrix carry none, so there they prove nothing. On DTLS: sockets/. */
export const preSharedKey: ProviderKit = {
  folder: 'pre-shared-key',
  name: 'preSharedKey',
  readsCertificate: false,
  async prepare() {
    const noKey = 'only DTLS carries pre-shared keys'
    const twice = ['Bearer abc', 'Bearer abc']
    return {
      entry: { preSharedKeyConfig: { identities: { alice: ['orders'] } } },
      principal: { id: 'psk:alice', username: 'psk:alice', scheme: 'pre-shared-key' },
      asksFor: [],
      never: {
        good: noKey,
        malformed: noKey,
        expired: 'a key has no end',
        invalid: noKey,
        'out of scope': noKey,
        unavailable: 'the connection itself is the proof',
        'scheme in other case': 'a key has no scheme',
      },
      cases: [
        { outcome: 'absent', presented: {}, expect: 'missing' },
        { outcome: 'duplicated', presented: { authorization: twice }, expect: 'malformed' },
        { outcome: 'other scheme', presented: { authorization: ['Bearer abc'] }, expect: 'invalid' },
      ],
    }
  },
}
