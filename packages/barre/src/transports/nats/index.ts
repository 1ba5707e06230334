export { natsConnect } from './connect.ts'
export { guardNats } from './messages.ts'
export type { CredsFileConfig, NatsConfig, NatsKeyAuth, NkeyConfig } from './config.ts'
export type { NatsGuard, NatsMessageOptions } from './messages.ts'
