import { ok, Secret } from '../../core/index.ts'
import type { Need, Result, Services } from '../../core/index.ts'
import { revealed } from './client-authentication.ts'
import type {
  ClientIdentity,
  DirectTokenConfig,
  GrantConfig,
  GrantMembers,
  JwtBearerGrantConfig,
  PasswordGrantConfig,
  RefreshTokenGrantConfig,
  TokenExchangeGrantConfig,
} from './config.ts'
import type { Dpop } from './dpop.ts'
import { tokenEndpoint } from './token-endpoint.ts'
import type { Pause, TokenEndpoint, TokenRequest } from './token-endpoint.ts'
import { tokenSupply } from './token-input.ts'
import type { TokenSupply } from './token-input.ts'

/** A grant, ready to be used: how tokens are obtained and renewed. */
export interface Grant {
  readonly settings: GrantMembers
  /** Audiences by name (RFC 8693), beside the resources of the settings. */
  readonly audience: readonly string[]
  /** Tells apart for whom tokens differ. */
  subject(need: Need): Result<string>
  /** Obtains tokens; absent: there is only a refresh token. */
  readonly initial?: {
    readonly endpoint: TokenEndpoint
    request(need: Need): Promise<Result<TokenRequest>>
  }
  /** Renews them with a refresh token; absent: they are obtained again. */
  readonly refresh?: { readonly endpoint: TokenEndpoint; readonly scopes: readonly string[] | undefined }
  /** What there is from the start. */
  readonly accessToken?: Secret
  readonly refreshToken?: Secret
  close(): Promise<void>
}

export interface GrantWorld {
  readonly services: Services
  readonly pause: Pause
  readonly dpop: Dpop | undefined
}

/** The part of a configuration that all its grants have in common. */
export function settingsOf(config: GrantConfig): GrantMembers {
  return isDirect(config) ? config.refreshConfig : config
}

/** Compiles a configuration of shape `grantShape`. Throws ConfigError. */
export function toGrant(config: GrantConfig, world: GrantWorld, path: string): Grant {
  if (isDirect(config)) {
    const { accessToken, refreshConfig } = config
    const grant = refreshTokenGrant(refreshConfig, world, `${path}.refreshConfig`)
    return { ...grant, ...(accessToken !== undefined && { accessToken: toSecret(accessToken) }) }
  }
  if ('refreshUrl' in config) return refreshTokenGrant(config, world, path)
  const endpoint = tokenEndpoint(config.tokenUrl, config, world, { url: `${path}.tokenUrl`, config: path })
  if ('subjectToken' in config) return tokenExchangeGrant(config, endpoint, world, path)
  if ('assertion' in config) return jwtBearerGrant(config, endpoint, world, path)
  if ('username' in config) return passwordGrant(config, endpoint, world, path)
  return {
    ...plain(config, endpoint),
    initial: { endpoint, request: always({ grantType: 'client_credentials', parameters: [] }) },
  }
}

function isDirect(config: GrantConfig): config is DirectTokenConfig {
  return !('tokenUrl' in config) && !('refreshUrl' in config)
}

function plain(settings: GrantMembers, ...endpoints: readonly TokenEndpoint[]) {
  return {
    settings,
    audience: [],
    subject: () => ok(''),
    async close() {
      await Promise.all(endpoints.map((endpoint) => endpoint.close()))
    },
  } satisfies Grant
}

function always(request: TokenRequest): () => Promise<Result<TokenRequest>> {
  return async () => ok(request)
}

function refreshTokenGrant(config: RefreshTokenGrantConfig, world: GrantWorld, path: string): Grant {
  const place = { url: `${path}.refreshUrl`, config: path }
  const endpoint = tokenEndpoint(config.refreshUrl, config, world, place)
  return {
    ...plain(config, endpoint),
    refresh: { endpoint, scopes: toList(config.scopes) },
    refreshToken: toSecret(config.refreshToken),
  }
}

function passwordGrant(
  config: PasswordGrantConfig,
  endpoint: TokenEndpoint,
  world: GrantWorld,
  path: string,
): Grant {
  const { username, password, refreshConfig } = config
  const parameters = [
    ['username', username],
    ['password', revealed(password)],
  ] as const
  const initial = { endpoint, request: always({ grantType: 'password', parameters }) }
  if (refreshConfig === undefined) return { ...plain(config, endpoint), initial }
  if (refreshConfig === 'INFER_REFRESH_CONFIG') {
    return { ...plain(config, endpoint), initial, refresh: { endpoint, scopes: undefined } }
  }
  const place = { url: `${path}.refreshConfig.refreshUrl`, config: `${path}.refreshConfig` }
  const identity = refreshIdentity(config, refreshConfig)
  const refreshEndpoint = tokenEndpoint(refreshConfig.refreshUrl, identity, world, place)
  return {
    ...plain(config, endpoint, refreshEndpoint),
    initial,
    refresh: { endpoint: refreshEndpoint, scopes: toList(refreshConfig.scopes) },
  }
}

/** The same client, but nothing of how it calls the other endpoint. */
function refreshIdentity(
  { clientId, clientSecret, clientAssertion }: ClientIdentity,
  { credentialBearer, optionalParams, clientConfig }: ClientIdentity,
): ClientIdentity {
  return {
    ...(clientId !== undefined && { clientId }),
    ...(clientSecret !== undefined && { clientSecret }),
    ...(clientAssertion !== undefined && { clientAssertion }),
    ...(credentialBearer !== undefined && { credentialBearer }),
    ...(optionalParams !== undefined && { optionalParams }),
    ...(clientConfig !== undefined && { clientConfig }),
  }
}

function jwtBearerGrant(
  config: JwtBearerGrantConfig,
  endpoint: TokenEndpoint,
  { services }: GrantWorld,
  path: string,
): Grant {
  const assertion = tokenSupply(config.assertion, services, `${path}.assertion`)
  const request = async (need: Need): Promise<Result<TokenRequest>> => {
    const token = await assertion.token(need)
    if (!token.ok) return token
    const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
    return ok({ grantType, parameters: [['assertion', token.value]] })
  }
  return {
    ...plain(config),
    subject: (need) => assertion.subject(need),
    initial: { endpoint, request },
    refresh: { endpoint, scopes: undefined },
    close: closeAll(endpoint, assertion),
  }
}

const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

function tokenExchangeGrant(
  config: TokenExchangeGrantConfig,
  endpoint: TokenEndpoint,
  { services }: GrantWorld,
  path: string,
): Grant {
  const subject = tokenSupply(config.subjectToken, services, `${path}.subjectToken`)
  const actor =
    config.actorToken === undefined
      ? undefined
      : tokenSupply(config.actorToken, services, `${path}.actorToken`)
  const request = async (need: Need): Promise<Result<TokenRequest>> => {
    const [subjectToken, actorToken] = await Promise.all([subject.token(need), actor?.token(need)])
    if (!subjectToken.ok) return subjectToken
    if (actorToken?.ok === false) return actorToken
    const parameters = Object.entries({
      subject_token: subjectToken.value,
      subject_token_type: config.subjectTokenType ?? accessTokenType,
      ...(actorToken !== undefined && {
        actor_token: actorToken.value,
        actor_token_type: config.actorTokenType ?? accessTokenType,
      }),
      ...(config.requestedTokenType !== undefined && { requested_token_type: config.requestedTokenType }),
    })
    return ok({ grantType: 'urn:ietf:params:oauth:grant-type:token-exchange', parameters })
  }
  return {
    ...plain(config),
    audience: toList(config.audience) ?? [],
    subject: (need) => joinSubjects(need, actor === undefined ? [subject] : [subject, actor]),
    initial: { endpoint, request },
    close: closeAll(endpoint, subject, ...(actor === undefined ? [] : [actor])),
  }
}

function joinSubjects(need: Need, supplies: readonly TokenSupply[]): Result<string> {
  const parts: string[] = []
  for (const supply of supplies) {
    const part = supply.subject(need)
    if (!part.ok) return part
    parts.push(part.value)
  }
  return ok(JSON.stringify(parts))
}

function closeAll(...parts: readonly { close(): Promise<void> }[]): () => Promise<void> {
  return async () => {
    await Promise.all(parts.map((part) => part.close()))
  }
}

/** Scopes may be one text with spaces between them, as Ballerina's are. */
export function toList(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? value.split(' ').filter((part) => part !== '') : value
}

function toSecret(value: string | Secret): Secret {
  return typeof value === 'string' ? new Secret(value) : value
}
