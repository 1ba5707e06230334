/** The one list of provider kits: a line here puts a provider on every wire. */
export { dpop } from './dpop.ts'
export { every } from './every.ts'
export { fileUserStore } from './file-user-store.ts'
export { introspection } from './introspection.ts'
export { jwt } from './jwt.ts'
export { jwtIssuers } from './jwt-issuers.ts'
export { ldapUserStore } from './ldap-user-store.ts'
export { mutualTls } from './mutual-tls.ts'
