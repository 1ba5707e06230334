import { hash, timingSafeEqual } from 'node:crypto'
import { hashArgon2id, queuePasswordWork } from 'barre/crypto'
import { isRecord } from 'barre/core'
import { parseJsonObject } from 'barre/jose'
import { clientShape } from '../clients/client-shape.ts'
import { authenticationMethods } from '../clients/client.ts'
import { isRedirectUri } from '../clients/redirect-uri.ts'
import { refuse } from '../oauth-error.ts'
import { forbidCaching, sendRefusal, tooMany } from './answer.ts'
import { addressOf, callOf } from './caller.ts'
import { registerPath } from './paths.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { JsonObject, Jwks } from 'barre/jose'
import type { AuthenticationMethod, GrantType } from '../clients/client.ts'
import type { ClientConfig, RegistrationConfig } from '../config.ts'
import type { Desk } from '../desk.ts'
import type { Outcome } from '../oauth-error.ts'

/** The longest registration, in bytes. */
export const registrationMaxBytes = 40_960

/** RFC 7591, for who has the initial access token; there is nothing here where the configuration has none. */
export function addRegistrationEndpoint(app: FastifyInstance, desk: () => Desk): void {
  void app.register(async (json) => {
    json.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer', bodyLimit: registrationMaxBytes },
      (_request, body, done) => done(null, body),
    )
    json.post(registerPath, { onRequest: forbidCaching }, async (request, reply) => {
      const now = desk()
      if (now.config.registration === undefined) return reply.status(404).send({ error: 'not_found' })
      const outcome = await register(request, now, now.config.registration)
      return outcome.ok
        ? reply.status(201).send(outcome.value)
        : sendRefusal(reply, outcome.refusal, now, registerPath)
    })
  })
}

async function register(
  request: FastifyRequest,
  desk: Desk,
  config: RegistrationConfig,
): Promise<Outcome<object>> {
  const address = addressOf(request, desk)
  const retryAfterSeconds = desk.refusals.waitSeconds(address)
  if (retryAfterSeconds > 0) return tooMany(retryAfterSeconds)
  const outcome = await answer(request, desk, config)
  if (!outcome.ok) desk.refusals.count(address)
  return outcome
}

async function answer(
  request: FastifyRequest,
  desk: Desk,
  config: RegistrationConfig,
): Promise<Outcome<object>> {
  if (!isAllowed(callOf(request, desk).metadata('authorization'), config)) {
    return refuse('invalid_token', 'The initial access token is missing or wrong.')
  }
  const body = Buffer.isBuffer(request.body)
    ? parseJsonObject(request.body, 'the registration', registrationMaxBytes)
    : undefined
  if (body?.ok !== true) return refuse('invalid_client_metadata', 'The body must be a JSON object.')
  const read = readMetadata(body.value, config)
  if (!read.ok) return read
  return addClient(read.value, desk, addressOf(request, desk))
}

function isAllowed(authorization: readonly string[], { accessTokenHash }: RegistrationConfig): boolean {
  const [header = ''] = authorization
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1] ?? ''
  const isSame = timingSafeEqual(hash('sha256', token, 'buffer'), Buffer.from(accessTokenHash, 'hex'))
  return authorization.length === 1 && isSame
}

type Metadata = Omit<ClientConfig, 'clientId' | 'secretHash'> & {
  readonly authenticationMethod: AuthenticationMethod
}

// RFC 7591 §2
const defaults = {
  redirect_uris: [],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: 'client_secret_basic',
}

/** What a client says of itself, with its defaults, each list within what registration may give. */
function readMetadata(body: JsonObject, config: RegistrationConfig): Outcome<Metadata> {
  const { client_name: clientName, jwks } = body
  const {
    redirect_uris: redirectUris,
    grant_types: grants,
    token_endpoint_auth_method: method,
    scope,
  }: JsonObject = { ...defaults, scope: config.scopes.join(' '), ...body }
  if (!isTexts(redirectUris) || !redirectUris.every(isRedirectUri)) {
    return refuse('invalid_redirect_uri', 'The redirect_uris must be a list of https URIs.')
  }
  if (!isTexts(grants) || !isWithin(grants, config.grants)) return notRegistrable('grant_types')
  if (!isMethod(method)) return notRegistrable('token_endpoint_auth_method')
  const scopes = typeof scope === 'string' ? scope.split(' ') : ['']
  if (!isWithin(scopes, config.scopes)) return notRegistrable('scope')
  // Nothing is fetched from where a stranger says.
  if (body['jwks_uri'] !== undefined) return notRegistrable('jwks_uri')
  const about = typeof clientName === 'string' ? { clientName } : {}
  const keys = isRecord(jwks) ? { jwks: jwks as unknown as Jwks } : {}
  const lists = { grants: grants as readonly GrantType[], scopes, audiences: config.audiences }
  const redirects = redirectUris.length > 0 ? { redirectUris } : {}
  return { ok: true, value: { ...about, authenticationMethod: method, ...lists, ...redirects, ...keys } }
}

function isWithin(values: readonly string[], allowed: readonly string[]): boolean {
  return values.every((value) => allowed.includes(value))
}

function notRegistrable(member: string): Outcome<never> {
  return refuse('invalid_client_metadata', `The ${member} must be what may be registered.`)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string')
}

/** Certificates are for an operator to look at. */
const registrable: readonly AuthenticationMethod[] = authenticationMethods.filter(
  (name) => !name.includes('tls'),
)

function isMethod(value: unknown): value is AuthenticationMethod {
  return (registrable as readonly unknown[]).includes(value)
}

const idBytes = 16
const secretBytes = 32
const saltBytes = 16

async function addClient(metadata: Metadata, desk: Desk, address: string): Promise<Outcome<object>> {
  const { services, store, clients, audit } = desk
  const random = (bytes: number): string => Buffer.from(services.random(bytes)).toString('base64url')
  const clientId = random(idBytes)
  const secret = metadata.authenticationMethod.startsWith('client_secret') ? random(secretBytes) : undefined
  const secretHash =
    secret &&
    (await queuePasswordWork(() => hashArgon2id(secret, services.random(saltBytes), clients.secretCost)))
  if (secret !== undefined && secretHash === undefined) return tooMany(1)
  const config = { clientId, ...(secretHash !== undefined && { secretHash }), ...metadata }
  const problem = clients.problemOf(config)
  if (problem !== undefined) {
    return refuse('invalid_client_metadata', 'The metadata contradict each other.', { detail: problem })
  }
  await store.addClient({ clientId, record: JSON.stringify(clientShape.check(config, '')) })
  audit.write({ event: 'client_registered', clientId, address })
  return {
    ok: true,
    value: {
      client_id: clientId,
      client_id_issued_at: Math.floor(services.now() / 1000),
      ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
      ...(metadata.clientName !== undefined && { client_name: metadata.clientName }),
      redirect_uris: metadata.redirectUris ?? [],
      grant_types: metadata.grants,
      response_types: metadata.grants.includes('authorization_code') ? ['code'] : [],
      token_endpoint_auth_method: metadata.authenticationMethod,
      scope: metadata.scopes.join(' '),
      ...(metadata.jwks && { jwks: metadata.jwks }),
    },
  }
}
