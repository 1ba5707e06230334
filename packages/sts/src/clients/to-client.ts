import { ConfigError } from 'barre/core'
import { createProof } from './proofs.ts'
import type { ClientConfig } from '../config.ts'
import type { Client, GrantType } from './client.ts'
import type { ProofContext } from './proofs.ts'

/** What clients need of the service, and what it offers them. */
export interface ClientContext extends ProofContext {
  /** Whether connections show client certificates. */
  readonly hasCertificates: boolean
  /** Whether there is a store that outlives the process. */
  readonly isDurable: boolean
  readonly hasUsers: boolean
  readonly passwordGrant: boolean
}

/** A client of a configuration that can work. Throws ConfigError that names its field. */
export function toClient(config: ClientConfig, context: ClientContext, path: string): Client {
  const { clientId, authenticationMethod = 'client_secret_basic', tokenLifetimeSeconds } = config
  const problem = problems(config, context).find(({ isThere }) => isThere)
  if (problem !== undefined) throw new ConfigError(`${path}.${problem.field}`, problem.text)
  return Object.freeze({
    clientId,
    clientName: config.clientName ?? clientId,
    authenticationMethod,
    proof: createProof(authenticationMethod, config, context, path),
    grants: new Set(config.grants),
    scopes: new Set(config.scopes),
    audiences: new Set(config.audiences),
    redirectUris: config.redirectUris ?? [],
    serves: new Set(config.serves),
    exchange: config.exchange ?? {},
    dpopBound: config.dpopBound ?? false,
    certificateBound: config.certificateBound ?? false,
    ...(tokenLifetimeSeconds !== undefined && { tokenLifetimeSeconds }),
    requirePushedRequests: config.requirePushedRequests ?? false,
  })
}

interface Problem {
  readonly field: keyof ClientConfig
  readonly isThere: boolean
  readonly text: string
}

const lasting: readonly GrantType[] = ['authorization_code', 'refresh_token']
const withUsers: readonly GrantType[] = ['authorization_code', 'password']

function problems(config: ClientConfig, context: ClientContext): readonly Problem[] {
  return [...listProblems(config), ...offerProblems(config, context)]
}

/** What contradicts itself. */
function listProblems(config: ClientConfig): readonly Problem[] {
  const { grants, serves = [], audiences, redirectUris = [], authenticationMethod } = config
  const isPublic = authenticationMethod === 'none'
  return [
    { field: 'grants', isThere: grants.length + serves.length === 0, text: 'expected a grant, or serves' },
    {
      field: 'audiences',
      isThere: grants.length > 0 && audiences.length === 0,
      text: 'expected at least one: a token is for a service',
    },
    {
      field: 'grants',
      isThere: isPublic && grants.some((grant) => !lasting.includes(grant)),
      text: `a public client has no other grants than ${lasting.join(' and ')}`,
    },
    {
      field: 'serves',
      isThere: isPublic && serves.length > 0,
      text: 'a public client cannot prove that it is a service',
    },
    {
      field: 'redirectUris',
      isThere: grants.includes('authorization_code') !== redirectUris.length > 0,
      text: 'authorization_code needs them, and nothing else does',
    },
  ]
}

/** What the service does not offer. */
function offerProblems(config: ClientConfig, context: ClientContext): readonly Problem[] {
  const { grants, authenticationMethod = '', certificateBound = false } = config
  const isByCertificate = authenticationMethod.includes('tls_client_auth')
  return [
    {
      field: 'grants',
      isThere: grants.some((grant) => lasting.includes(grant)) && !context.isDurable,
      text: 'authorization_code and refresh_token need a store',
    },
    {
      field: 'grants',
      isThere: grants.some((grant) => withUsers.includes(grant)) && !context.hasUsers,
      text: 'authorization_code and password need users',
    },
    {
      field: 'grants',
      isThere: grants.includes('password') && !context.passwordGrant,
      text: 'the password grant needs legacy.passwordGrant = true',
    },
    {
      field: isByCertificate ? 'authenticationMethod' : 'certificateBound',
      isThere: (isByCertificate || certificateBound) && !context.hasCertificates,
      text: 'needs secureSocket.mutualSsl, so that connections show certificates',
    },
  ]
}
