export { compileAuth, compileClientAuth, createServices } from '../auth/index.ts'
export type { AuthConfig, ClientAuthConfig, ListenerAuthConfig, ResourceAuth } from '../auth/index.ts'
export {
  createDpopVerifier,
  dpopShape,
  fileUserStoreShape,
  ldapUserStoreShape, //
} from '../listener/index.ts'
