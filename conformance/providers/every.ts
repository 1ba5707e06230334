import type { ListenerAuthConfig } from 'barre/auth'
import type { Case, Pair, ProviderKit } from '../harness/kit.ts'
import { jwt } from './jwt.ts'
import { mutualTls } from './mutual-tls.ts'

/** `{ all: [...] }`: a token together with a client certificate; the token names the caller. */
export const every: ProviderKit = {
  name: 'all: [jwt, mutualTls]',
  readsCertificate: true,
  async prepare(world) {
    const [token, certificate] = await Promise.all([jwt.prepare(world), mutualTls.prepare(world)])
    const { alice, mallory } = world.clients
    const good = token.cases.find(({ outcome }) => outcome === 'good')!.presented
    return {
      ...token,
      entry: { all: [token.entry, certificate.entry] } as ListenerAuthConfig,
      down: { all: [token.down, certificate.entry] } as ListenerAuthConfig,
      cases: [
        ...token.cases.map((known) => withCertificate(known, alice)),
        { outcome: 'absent', of: 'both', presented: {}, expect: 'missing' },
        { outcome: 'absent', of: 'the certificate', presented: good, expect: 'missing' },
        {
          outcome: 'invalid',
          of: 'a certificate that names nobody',
          presented: { ...good, certificate: mallory },
          expect: 'invalid',
        },
      ],
    }
  },
}

/** The same case beside a good certificate; where the token's provider abstains, that is one of two parts. */
function withCertificate(known: Case, certificate: Pair): Case {
  const presented = { ...known.presented, certificate }
  const isHalf = known.outcome === 'absent' || known.outcome === 'other scheme'
  return isHalf ? { ...known, presented, of: 'the token', expect: 'missing' } : { ...known, presented }
}
