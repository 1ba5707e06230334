export { authenticatedFetch } from './authenticated.ts'
export { CredentialError } from './credential-error.ts'
export { enrich } from './enrich.ts'
