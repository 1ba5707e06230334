import { createServices } from '../auth/index.ts'
import { createJwt } from '../jose/index.ts'
import type { Jwt } from '../jose/index.ts'

/** Issue, validate and decode JSON Web Tokens, with the clock, network and log of this process. */
export const jwt: Jwt = createJwt(createServices())

export type { Decoded, IssuerConfig, JwsAlgorithm, Jwt, Payload, ValidatorConfig } from '../jose/index.ts'
