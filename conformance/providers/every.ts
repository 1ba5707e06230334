import type { Case, Presented, ProviderKit } from '../kit.ts'
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
    const both = (entry: object): never => ({ all: [entry, certificate.entry] }) as never
    const withAlice = ({ presented, expect, ...rest }: Case): Case => {
      // What the token's provider leaves unread is one of two parts.
      const isHalf = rest.outcome === 'absent' || rest.outcome === 'other scheme'
      return {
        ...rest,
        presented: { ...presented, certificate: alice },
        expect: isHalf ? 'missing' : expect,
        ...(isHalf && { of: 'the certificate alone' }),
      }
    }
    const alone = (
      of: string,
      presented: Presented,
      expect: Case['expect'],
      outcome: Case['outcome'],
    ): Case => ({
      outcome,
      of,
      presented,
      expect,
    })
    return {
      entry: both(token.entry),
      down: both(token.down!),
      principal: token.principal,
      asksFor: token.asksFor,
      never: {},
      cases: [
        ...token.cases.map(withAlice),
        alone('both', {}, 'missing', 'absent'),
        alone('the token alone', good, 'missing', 'absent'),
        alone('a certificate that names nobody', { ...good, certificate: mallory }, 'invalid', 'invalid'),
      ],
    }
  },
}
