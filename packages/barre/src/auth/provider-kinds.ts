/** The only list of listening kinds: a line here makes one known to every wire, to the types and to the schema. */
export {
  envelopeKind,
  fileUserStoreKind,
  introspectionKind,
  jwtIssuersKind,
  jwtKind,
  ldapUserStoreKind,
  mutualTlsKind,
  preSharedKeyKind,
} from '../listener/index.ts'
