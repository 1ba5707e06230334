/** The one list of brokers: each is tried on its real server. */
export { kafka } from './kafka.ts'
export { nats } from './nats.ts'
export { rabbitmq } from './rabbitmq.ts'
export { stan } from './stan.ts'
