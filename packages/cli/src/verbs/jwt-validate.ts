import { authorize, ConfigError, ok, refuse, toPrincipal } from 'barre/core'
import { jwt } from 'barre/jwt'
import { scopeReader } from 'barre/listener'
import { toVerificationKeys } from '../jose-keys.ts'
import { answerLines } from '../lines.ts'
import { Failure, listOption, requiredOption, textOption, UsageError } from '../verb.ts'
import { printJson, readSecret, refusal, requiredToken, secondsOption } from '../terms.ts'
import type { Denial } from 'barre/core'
import type { JwksConfig, ValidatorSignatureConfig } from 'barre/jose'
import type { Payload, ValidatorConfig } from 'barre/jwt'
import type { Io, Verb, VerbInput } from '../verb.ts'

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
  --ca FILE             PEM certificates to trust when the JWKS is fetched, in place of the system's
  --stdin               validate one JSON object a line, {"id","token","key","alg"}, and answer each with a line,
                        {"id","ok","code","payload"}, the payload in base64url; key is a JWK, a JWK set or PEM, and the
                        options above serve lines without one; without --issuer or --audience, any is accepted`

export const verb: Verb = {
  usage: [
    'TOKEN --jwks FILE|URL --issuer I --audience A [--scope S] [--scope-key NAME] [--clock-skew SECONDS] [--ca FILE]',
    'TOKEN --cert FILE --issuer I --audience A [--scope S] [--scope-key NAME] [--clock-skew SECONDS]',
    'TOKEN --secret-file FILE --issuer I --audience A [--scope S] [--scope-key NAME] [--clock-skew SECONDS]',
    '--stdin [--issuer I] [--audience A] [--clock-skew SECONDS] [--jwks FILE|URL | --cert FILE | --secret-file FILE]',
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
    stdin: { type: 'boolean' },
  },
  positionalsMax: 1,
  async run(input, io) {
    if (input.values['stdin'] === true) return serve(input, io)
    const config = await toConfig(input)
    const token = await requiredToken(input, io)
    const validated = await validate(token, config)
    if (!validated.ok) throw refusal(validated.denial)
    const lacking = missingScope(validated.value, input)
    if (lacking !== undefined) throw refusal(lacking)
    printJson(validated.value, io)
    return 0
  },
}

/** Each line brings its key, or the command line has one for all. */
async function serve(input: VerbInput, io: Io): Promise<number> {
  const hasKeys = ['jwks', 'cert', 'secret-file'].some((name) => input.values[name] !== undefined)
  const shared = hasKeys ? await toSignatureConfig(input) : undefined
  const audience = listOption(input, 'audience')
  const issuer = textOption(input, 'issuer')
  const clockSkew = secondsOption(input, 'clock-skew')
  const rules = {
    audience: audience.length === 0 ? (false as const) : audience,
    ...(issuer !== undefined && { issuer }),
    ...(clockSkew !== undefined && { clockSkew }),
  }
  const common = shared && { ...rules, signatureConfig: shared }
  return answerLines(io, async ({ token, key, alg }) => {
    if (typeof token !== 'string') return refuse('malformed', 'a token is compact')
    const config =
      key === undefined ? common : { ...rules, signatureConfig: { keys: toVerificationKeys(key, alg) } }
    if (config === undefined) return refuse('malformed', 'the line has no key')
    const validated = await jwt.validate(token, config)
    if (!validated.ok) return validated
    const lacking = missingScope(validated.value, input)
    return lacking === undefined ? ok(token.split('.')[1] ?? '') : { ok: false, denial: lacking }
  })
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

/** The refusal of a token that lacks one of the scopes of the command line. */
function missingScope(payload: Payload, input: VerbInput): Denial | undefined {
  const wanted = listOption(input, 'scope')
  if (wanted.length === 0) return undefined
  const scopes = scopeReader(textOption(input, 'scope-key'))(payload)
  const holder = toPrincipal({ id: '', username: '', scheme: 'Bearer', scopes })
  const denial = authorize(holder, { all: wanted })
  return denial && { ...denial, detail: `the token lacks one of ${wanted.join(', ')}` }
}
