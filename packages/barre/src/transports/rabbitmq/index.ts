export { rabbitMqConnect } from './connect.ts'
export { guardRabbitMq } from './messages.ts'
export type { RabbitMqConfig } from './config.ts'
export type { RabbitMqGuard, RabbitMqMessageOptions } from './messages.ts'
