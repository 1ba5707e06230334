/** The only list of calling kinds: a line here makes one known to every client, to the types and to the schema. */
export {
  basicKind,
  bearerKind,
  directTokenKind,
  envelopeSourceKind,
  inferredJwtKind,
  propagateKind,
  refreshTokenKind,
  selfSignedJwtKind,
  tokenUrlKind, //
} from '../client/index.ts'
