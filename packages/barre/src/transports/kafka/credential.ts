import type { Outgoing, Services } from '../../core/index.ts'
import { keepCredential } from '../messages/index.ts'
import type { KeptCredential } from '../messages/index.ts'
import type { KafkaSettings } from './config.ts'

/** What a library asks for whenever it authenticates, at first and again before a session ends (KIP-368). */
export interface SaslCredential {
  token(): Promise<string>
  username(): Promise<string>
  password(): Promise<string>
  /** Says that the broker refused it. */
  refused(): void
  close(): Promise<void>
}

/** Obtains nothing before it is asked. Throws ConfigError for a record of no kind. */
export function saslCredential(
  { auth, mechanism }: NonNullable<KafkaSettings['sasl']>,
  target: string,
  services: Services,
): SaslCredential {
  const source = services.credentialSource(auth, 'auth')
  let keeping: Promise<KeptCredential> | undefined
  let kept: KeptCredential | undefined
  const obtain = async (): Promise<Outgoing> => {
    // The libraries authenticate again at 80 % of a session; with the token of its beginning they would have to soon
    // again, and a broker refuses that within a second.
    keeping ??= keepCredential(source, { method: 'CONNECT', target, early: true }, services, () => undefined)
    try {
      kept = await keeping
    } catch (error) {
      // The next connection asks anew.
      keeping = undefined
      throw error
    }
    return kept.current()
  }
  const obtainPassword = async (): Promise<Outgoing & { kind: 'password' }> => {
    const outgoing = await obtain()
    if (outgoing.kind === 'password') return outgoing
    throw new TypeError(`auth gives a token, which ${mechanism} cannot send; use OAUTHBEARER`)
  }
  return {
    async token() {
      const outgoing = await obtain()
      if (outgoing.kind === 'token') return outgoing.token.reveal()
      throw new TypeError('auth gives a password, which OAUTHBEARER cannot send; use PLAIN or SCRAM')
    },
    username: async () => (await obtainPassword()).username,
    password: async () => (await obtainPassword()).password.reveal(),
    refused: () => kept?.refused(),
    async close() {
      const known = await keeping?.catch(() => undefined)
      await (known === undefined ? source.close?.() : known.close())
    },
  }
}
