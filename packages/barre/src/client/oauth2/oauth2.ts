import { setTimeout as pauseFor } from 'node:timers/promises'
import type { CredentialSource, Services, Shape, SourceKind } from '../../core/index.ts'
import type {
  DirectTokenConfig,
  GrantConfig,
  RefreshTokenGrantConfig,
  TokenUrlGrantConfig,
} from './config.ts'
import { configKey } from './config-key.ts'
import { directTokenShape, grantShape, refreshTokenShape, tokenUrlShape } from './shapes.ts'
import type { Pause } from './token-endpoint.ts'
import { TokenManager } from './token-manager.ts'

/** `auth: { tokenUrl, ... }`: client credentials, password, JWT bearer or token exchange, by its other fields. */
export const tokenUrlKind: SourceKind<'tokenUrl', TokenUrlGrantConfig> = {
  key: 'tokenUrl',
  shape: tokenUrlShape,
  create: createOAuth2,
}

/** `auth: { refreshUrl, refreshToken, ... }` */
export const refreshTokenKind: SourceKind<'refreshUrl', RefreshTokenGrantConfig> = {
  key: 'refreshUrl',
  shape: refreshTokenShape,
  create: createOAuth2,
}

/** `auth: { accessToken, refreshConfig: {...} }` */
export const directTokenKind: SourceKind<'refreshConfig', DirectTokenConfig> = {
  key: 'refreshConfig',
  shape: directTokenShape,
  create: createOAuth2,
}

/** Any grant, for the imperative form. */
export const grantKind: {
  readonly shape: Shape<GrantConfig>
  create(config: GrantConfig, services: Services, path: string): CredentialSource
} = { shape: grantShape, create: createOAuth2 }

/**
 * Tokens of an authorization server. Sources with the same configuration share one manager, thus its tokens.
 * `pause` takes the place of timers.
 */
export function createOAuth2(
  config: GrantConfig,
  services: Services,
  path: string,
  pause: Pause = pauseFor,
): CredentialSource {
  const make = (): TokenManager => new TokenManager(config, services, path, pause)
  const lease = services.shared.acquire(`oauth2 ${configKey(config)}`, make)
  return {
    credential: (need) => lease.value.credential(need),
    ready: () => lease.value.ready(),
    close: () => lease.release(),
  }
}
