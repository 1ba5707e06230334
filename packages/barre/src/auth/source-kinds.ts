/** The only list of calling kinds: a line here makes one known to every client, to the types and to the schema. */
export {
  basicKind,
  bearerKind,
  inferredJwtKind,
  propagateKind,
  selfSignedJwtKind, //
} from '../client/index.ts'
