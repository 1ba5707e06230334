// The names of this service's endpoints, below its issuer.
export const tokenPath = '/oauth2/token'
export const authorizePath = '/oauth2/authorize'
export const pushPath = '/oauth2/par'
export const introspectPath = '/oauth2/introspect'
export const revokePath = '/oauth2/revoke'
export const registerPath = '/oauth2/register'
export const jwksPath = '/oauth2/jwks'
export const metadataPath = '/.well-known/oauth-authorization-server'
