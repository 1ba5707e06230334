import { readFile } from 'node:fs/promises'
import { stsClientShape } from '@barre/sts'
import { configHelp, configOptions } from '../load-config.ts'
import { requiredClientId, withSts } from '../sts-manage.ts'
import { orFail } from '../terms.ts'
import { listOption, textOption } from '../verb.ts'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Adds a client to a token service's store, while it runs too. Its secret is printed once and kept nowhere.

  --grant GRANT         client_credentials, authorization_code, refresh_token, password, or the whole name of
                        another one; may be repeated, as may the next four; default client_credentials
  --scope SCOPE         a scope that its tokens may have
  --audience NAME       a service that its tokens may be for
  --serves NAME         a service that it is: whose tokens it may ask about, and exchange
  --redirect-uri URI    where users come back to
  --method METHOD       how it proves itself; default client_secret_basic
  --jwks FILE           its public keys, for private_key_jwt
${configHelp}`

export const verb: Verb = {
  usage: ['ID --dir DIR --audience NAME [--scope SCOPE]... [--grant GRANT]...'],
  help,
  options: {
    ...configOptions,
    grant: { type: 'string', multiple: true },
    scope: { type: 'string', multiple: true },
    audience: { type: 'string', multiple: true },
    serves: { type: 'string', multiple: true },
    'redirect-uri': { type: 'string', multiple: true },
    method: { type: 'string' },
    jwks: { type: 'string' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const client = await toClient(input)
    const secret = await withSts(input, io, (sts) => sts.addClient(client))
    io.stdout.write(`client_id = "${client.clientId}"\n`)
    if (secret !== undefined) io.stdout.write(`client_secret = "${secret}"\n`)
    return 0
  },
}

async function toClient(input: VerbInput) {
  const clientId = requiredClientId(input)
  const serves = listOption(input, 'serves')
  const grants = listOption(input, 'grant')
  const redirectUris = listOption(input, 'redirect-uri')
  const method = textOption(input, 'method')
  const jwks = textOption(input, 'jwks')
  const given = {
    clientId,
    grants: grants.length > 0 || serves.length > 0 ? grants : ['client_credentials'],
    scopes: listOption(input, 'scope'),
    audiences: listOption(input, 'audience'),
    ...(serves.length > 0 && { serves }),
    ...(redirectUris.length > 0 && { redirectUris }),
    ...(method !== undefined && { authenticationMethod: method }),
    ...(jwks !== undefined && { jwks: JSON.parse(await orFail(readFile(jwks, 'utf8'))) as unknown }),
  }
  return orFail(Promise.resolve().then(() => stsClientShape.check(given, 'client')))
}
