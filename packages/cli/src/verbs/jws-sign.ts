import { signDetachedJws, signJws, signJwsJson } from 'barre/jose'
import { readKeyFile, toSigningKey, withFailures } from '../jose-keys.ts'
import { readPayload, recordOption } from '../payload.ts'
import { listOption, UsageError } from '../verb.ts'
import type { SigningKey } from 'barre/jose'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Signs the bytes of standard input, or of a file, and prints the JWS.

  --key FILE     the private key or shared secret: a JWK, a JWK set, or PEM; repeated, each
                 makes a signature (with --json)
  --alg A        the algorithm, unless the JWK says it; repeated, one for each key
  --kid K        the key of a JWK set to use; repeated, one for each key
  --in FILE      what is signed, in place of standard input
  --header JSON  more of the protected header
  --json         a JSON serialization: flattened for one signature, general for more
  --detached     leave the payload out: it travels apart
  --unencoded    sign the payload's own bytes (RFC 7797, b64: false); with --json or --detached`

export const verb: Verb = {
  usage: ['--key FILE [--alg A] [--kid K] [--in FILE] [--header JSON] [--json] [--detached] [--unencoded]'],
  help,
  options: {
    key: { type: 'string', multiple: true },
    alg: { type: 'string', multiple: true },
    kid: { type: 'string', multiple: true },
    in: { type: 'string' },
    header: { type: 'string' },
    json: { type: 'boolean' },
    detached: { type: 'boolean' },
    unencoded: { type: 'boolean' },
  },
  run: (input, io) =>
    withFailures(async () => {
      const keys = await readKeys(input)
      const payload = await readPayload(input, io)
      io.stdout.write(`${await sign(payload, keys, input)}\n`)
      return 0
    }),
}

async function readKeys(input: VerbInput): Promise<readonly SigningKey[]> {
  const [files = [], algorithms = [], kids = []] = ['key', 'alg', 'kid'].map((name) =>
    listOption(input, name),
  )
  if (files.length === 0) throw new UsageError('--key is required')
  if (algorithms.length > files.length) throw new UsageError('--alg is given more often than --key')
  if (files.length > 1 && input.values['json'] !== true) throw new UsageError('several keys need --json')
  return Promise.all(
    files.map(async (file, index) => toSigningKey(await readKeyFile(file), algorithms[index], kids[index])),
  )
}

async function sign(payload: Uint8Array, keys: readonly SigningKey[], input: VerbInput): Promise<string> {
  const [detached, unencoded] = [input.values['detached'] === true, input.values['unencoded'] === true]
  const header = recordOption(input, 'header') ?? {}
  if (input.values['json'] === true) {
    const requests = keys.map((key) => ({ key, header }))
    return JSON.stringify(await signJwsJson(payload, requests, { detached, unencoded }))
  }
  const [key] = keys
  if (key === undefined) throw new UsageError('--key is required')
  if (detached) return signDetachedJws(payload, { key, header }, { unencoded })
  if (unencoded) throw new UsageError('--unencoded needs --json or --detached')
  if ('crit' in header || 'b64' in header) throw new UsageError('the header cannot hold crit or b64')
  return signJws(header, payload, key)
}
