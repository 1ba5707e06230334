export { imapConnect } from './connect.ts'
export { imapListen } from './listen.ts'
export type { ImapConfig } from './connect.ts'
export type { ImapListenerConfig } from './listen.ts'
