import { ConfigError, checkEndpoint, ok, readAuthorization, refuse } from 'barre/core'
import { exchanger } from './exchanger.ts'
import { tokenRequest } from './request-token.ts'
import type { Awaitable, Call, Principal, Result, Secret, Services } from 'barre/core'
import type { ExchangeConfig, StsClientConfig } from '../config.ts'

/** The third step: the token that an upstream gets in place of the caller's. */
export interface Exchange {
  /** `undefined`: none, since nobody was authenticated. */
  tokenFor(
    call: Call,
    principal: Principal | undefined,
    wanted: ExchangeConfig,
  ): Awaitable<Result<Secret | undefined>>
  close(): Promise<void>
}

/** Compiles the `sts` section; throws ConfigError that names the field below `path`. */
export function createExchange(config: StsClientConfig, services: Services, path: string): Exchange {
  const clientConfig = config.clientConfig ?? {}
  checkEndpoint(config.tokenUrl, `${path}.tokenUrl`, clientConfig)
  if (clientConfig.auth !== undefined) {
    throw new ConfigError(
      `${path}.clientConfig.auth`,
      'clientId and clientSecret say already who the gateway is',
    )
  }
  const fetch = services.fetchFor(clientConfig, `${path}.clientConfig`)
  const tokens = exchanger(tokenRequest(config, fetch, services.log), services)
  return {
    tokenFor(call, principal, wanted) {
      if (principal === undefined) return ok(undefined)
      const token = readAuthorization(call, 'Bearer')
      // A password or a certificate cannot be exchanged: the caller must come with a token.
      if (token === undefined || !token.ok) {
        return refuse(
          'insufficient_authentication',
          'the route exchanges tokens, and the caller proved itself otherwise',
        )
      }
      return tokens.exchange({ token: token.value, principal }, wanted)
    },
    async close() {
      tokens.close()
      await fetch.close?.()
    },
  }
}
