export { kafkaJsOptions } from './kafkajs.ts'
export { guardKafkaJs, guardPlatformatic } from './messages.ts'
export { platformaticOptions } from './platformatic.ts'
export type { KafkaConfig } from './config.ts'
export type { KafkaJsOptions } from './kafkajs.ts'
export type {
  KafkaJsGuard,
  KafkaJsMessage,
  KafkaJsProducer,
  KafkaMessageOptions,
  PlatformaticGuard,
  PlatformaticMessage,
  PlatformaticProducer,
} from './messages.ts'
export type { KafkaOptions, PlatformaticOptions } from './platformatic.ts'
