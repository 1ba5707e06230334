import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Services } from '../../core/index.ts'
import { toClientOptions, toSocketOptions } from '../../tls/index.ts'
import { hostOf, toSettings } from './config.ts'
import type { KafkaConfig, Mechanism } from './config.ts'
import { saslCredential } from './credential.ts'
import type { SaslCredential } from './credential.ts'
import { surviveLostConnections } from './lost-connections.ts'

/** Options for a client of a Kafka library, and the end of what renews its credential. */
export interface KafkaOptions<Options> {
  readonly options: Options
  /** To be called when every client with these options is closed. */
  readonly close: () => Promise<void>
}

/** What `Producer`, `Consumer` and `Admin` of `@platformatic/kafka` take of us. */
export interface PlatformaticOptions {
  readonly bootstrapBrokers: string[]
  readonly tls?: ConnectionOptions
  readonly tlsServerName?: true
  readonly sasl?: PlatformaticSasl
}

interface PlatformaticSasl {
  readonly mechanism: Mechanism
  readonly username?: () => Promise<string>
  readonly password?: () => Promise<string>
  readonly token?: () => Promise<string>
  readonly authBytesValidator?: (
    answer: Buffer,
    callback: (error: Error | null, answer: Buffer) => void,
  ) => void
}

/** Options for `@platformatic/kafka`. Throws ConfigError. */
export function platformaticOptions(
  config: KafkaConfig,
  services: Services,
): KafkaOptions<PlatformaticOptions> {
  surviveLostConnections()
  const { brokers, secureSocket, sasl } = toSettings(config, services.log)
  const credential = sasl && saslCredential(sasl, brokers[0] ?? '', services)
  const tls =
    secureSocket && toClientOptions(secureSocket, 'secureSocket', () => services.now(), services.log)
  return {
    options: {
      bootstrapBrokers: [...brokers],
      ...(tls && { tls: toSocketOptions(tls) }),
      ...(tls && tls.serverName === undefined && !brokers.some(isAddress) && { tlsServerName: true }),
      ...(sasl && credential && { sasl: toSasl(sasl.mechanism, credential) }),
    },
    close: async () => credential?.close(),
  }
}

/** RFC 6066 §3: an address is no server name. */
function isAddress(broker: string): boolean {
  return isIP(hostOf(broker).replace(/^\[|\]$/g, '')) !== 0
}

function toSasl(mechanism: Mechanism, credential: SaslCredential): PlatformaticSasl {
  if (mechanism !== 'OAUTHBEARER') {
    return { mechanism, username: () => credential.username(), password: () => credential.password() }
  }
  return {
    mechanism,
    token: () => credential.token(),
    // RFC 7628 §3.2.2: a refusal comes as a successful answer that is not empty, and the library looks no further.
    authBytesValidator(answer, callback) {
      if (answer.length === 0) return callback(null, answer)
      credential.refused()
      callback(new Error('SASL authentication failed: the broker refused the token'), answer)
    },
  }
}
