import { authorize, ConfigError, toPrincipal } from 'barre/core'
import { jwt } from 'barre/jwt'
import { scopeReader } from 'barre/listener'
import { Failure, listOption, requiredOption, textOption, UsageError } from '../verb.ts'
import { printJson, readSecret, refusal, requiredToken, secondsOption } from '../terms.ts'
import type { JwksConfig, ValidatorSignatureConfig } from 'barre/jose'
import type { Payload, ValidatorConfig } from 'barre/jwt'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Checks a token as a service would and prints its payload as JSON. A refusal is one line with its code
and the reason, and exit code 1. TOKEN may be - to read it from standard input.

  --jwks FILE|URL       the keys: a JWKS file, or where it is published
  --cert FILE           the key: a PEM certificate or public key
  --secret-file FILE    the key: the shared secret of HS256, HS384, HS512
  --issuer I            the iss that the token must have
  --audience A          an aud that the token may have; may be repeated
  --scope S             a scope that the token must have; may be repeated
  --scope-key NAME      the claim with the scopes, or a JSON pointer to it; default scope
  --clock-skew SECONDS  tolerance for exp, nbf and iat; default 10, at most 300
  --ca FILE             PEM certificates to trust when the JWKS is fetched, in place of the system's`

export const verb: Verb = {
  usage: [
    'TOKEN --jwks FILE|URL --issuer I --audience A [--scope S] [--scope-key NAME] [--clock-skew SECONDS] [--ca FILE]',
    'TOKEN --cert FILE --issuer I --audience A [--scope S] [--scope-key NAME] [--clock-skew SECONDS]',
    'TOKEN --secret-file FILE --issuer I --audience A [--scope S] [--scope-key NAME] [--clock-skew SECONDS]',
  ],
  help,
  options: {
    jwks: { type: 'string' },
    cert: { type: 'string' },
    'secret-file': { type: 'string' },
    issuer: { type: 'string' },
    audience: { type: 'string', multiple: true },
    scope: { type: 'string', multiple: true },
    'scope-key': { type: 'string' },
    'clock-skew': { type: 'string' },
    ca: { type: 'string' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const config = await toConfig(input)
    const token = await requiredToken(input, io)
    const validated = await validate(token, config)
    if (!validated.ok) throw refusal(validated.denial)
    checkScopes(validated.value, input)
    printJson(validated.value, io)
    return 0
  },
}

async function toConfig(input: VerbInput): Promise<ValidatorConfig> {
  const audience = listOption(input, 'audience')
  if (audience.length === 0) throw new UsageError('--audience is required')
  const clockSkew = secondsOption(input, 'clock-skew')
  return {
    issuer: requiredOption(input, 'issuer'),
    audience,
    ...(clockSkew !== undefined && { clockSkew }),
    signatureConfig: await toSignatureConfig(input),
  }
}

async function toSignatureConfig(input: VerbInput): Promise<ValidatorSignatureConfig> {
  const [jwks, certFile, secretFile] = ['jwks', 'cert', 'secret-file'].map((name) => textOption(input, name))
  if ([jwks, certFile, secretFile].filter((value) => value !== undefined).length !== 1) {
    throw new UsageError('give one of --jwks, --cert and --secret-file')
  }
  if (jwks !== undefined) return { jwksConfig: toJwksConfig(jwks, textOption(input, 'ca')) }
  return secretFile === undefined ? { certFile: certFile ?? '' } : { secret: await readSecret(secretFile) }
}

function toJwksConfig(jwks: string, caFile: string | undefined): JwksConfig {
  if (!/^https?:/i.test(jwks)) return { file: jwks }
  return { url: jwks, ...(caFile !== undefined && { clientConfig: { secureSocket: { cert: caFile } } }) }
}

async function validate(token: string, config: ValidatorConfig) {
  try {
    return await jwt.validate(token, config)
  } catch (error) {
    throw error instanceof ConfigError ? new Failure(error.message, { cause: error }) : error
  }
}

function checkScopes(payload: Payload, input: VerbInput): void {
  const wanted = listOption(input, 'scope')
  if (wanted.length === 0) return
  const scopes = scopeReader(textOption(input, 'scope-key'))(payload)
  const holder = toPrincipal({ id: '', username: '', scheme: 'Bearer', scopes })
  const denial = authorize(holder, { all: wanted })
  if (denial !== undefined)
    throw refusal({ ...denial, detail: `the token lacks one of ${wanted.join(', ')}` })
}
