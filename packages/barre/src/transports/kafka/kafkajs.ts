import type { ConnectionOptions } from 'node:tls'
import type { Services } from '../../core/index.ts'
import { toClientOptions, toSocketOptions } from '../../tls/index.ts'
import { toSettings } from './config.ts'
import type { KafkaConfig, Mechanism } from './config.ts'
import { saslCredential } from './credential.ts'
import type { SaslCredential } from './credential.ts'
import type { KafkaOptions } from './platformatic.ts'

/** What `new Kafka()` of `kafkajs` takes of us. */
export interface KafkaJsOptions {
  readonly brokers: string[]
  readonly ssl?: ConnectionOptions
  readonly sasl?: KafkaJsSasl
}

type KafkaJsSasl =
  | {
      readonly mechanism: 'oauthbearer'
      readonly oauthBearerProvider: () => Promise<{ readonly value: string }>
    }
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }

/** Options for `kafkajs`. It takes passwords when it is made, so this waits for one. Throws ConfigError. */
export async function kafkaJsOptions(
  config: KafkaConfig,
  services: Services,
): Promise<KafkaOptions<KafkaJsOptions>> {
  const { brokers, secureSocket, sasl } = toSettings(config, services.log)
  const credential = sasl && saslCredential(sasl, brokers[0] ?? '', services)
  const tls =
    secureSocket && toClientOptions(secureSocket, 'secureSocket', () => services.now(), services.log)
  return {
    options: {
      brokers: [...brokers],
      ...(tls && { ssl: toSocketOptions(tls) }),
      ...(sasl && credential && { sasl: await toSasl(sasl.mechanism, credential) }),
    },
    close: async () => credential?.close(),
  }
}

const names = { PLAIN: 'plain', 'SCRAM-SHA-256': 'scram-sha-256', 'SCRAM-SHA-512': 'scram-sha-512' } as const

async function toSasl(mechanism: Mechanism, credential: SaslCredential): Promise<KafkaJsSasl> {
  if (mechanism === 'OAUTHBEARER') {
    return {
      mechanism: 'oauthbearer',
      oauthBearerProvider: async () => ({ value: await credential.token() }),
    }
  }
  const [username, password] = [await credential.username(), await credential.password()]
  return { mechanism: names[mechanism], username, password }
}
