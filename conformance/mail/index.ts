/** The one list of mail protocols: each is tried on its real server. */
export { imap } from './imap.ts'
export { pop3 } from './pop3.ts'
export { smtp } from './smtp.ts'
