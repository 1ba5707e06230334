import { encryptJwe, encryptJweJson } from 'barre/jose'
import { readKeyFile, toEncryption, toEncryptionKey, withFailures } from '../jose-keys.ts'
import { readPayload, recordOption } from '../payload.ts'
import { listOption, textOption, UsageError } from '../verb.ts'
import type { EncryptionKey } from 'barre/jose'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Encrypts the bytes of standard input, or of a file, and prints the JWE.

  --key FILE     the reader's key: a JWK, a JWK set, PEM (a public key or a certificate), or for PBES2
                 a password; repeated, each is a recipient (with --json)
  --alg A        the algorithm, unless the JWK says it; repeated, one for each key
  --kid K        the key of a JWK set to use; repeated, one for each key
  --enc E        the content encryption; default A256GCM
  --in FILE      what is encrypted, in place of standard input
  --header JSON  more of the protected header
  --json         a JSON serialization: flattened for one recipient, general for more
  --zip          compress first; the length then tells of the content`

export const verb: Verb = {
  usage: ['--key FILE [--alg A] [--kid K] [--enc E] [--in FILE] [--header JSON] [--json] [--zip]'],
  help,
  options: {
    key: { type: 'string', multiple: true },
    alg: { type: 'string', multiple: true },
    kid: { type: 'string', multiple: true },
    enc: { type: 'string' },
    in: { type: 'string' },
    header: { type: 'string' },
    json: { type: 'boolean' },
    zip: { type: 'boolean' },
  },
  run: (input, io) =>
    withFailures(async () => {
      const keys = await readKeys(input)
      const plaintext = await readPayload(input, io)
      io.stdout.write(`${await encrypt(plaintext, keys, input)}\n`)
      return 0
    }),
}

async function readKeys(input: VerbInput): Promise<readonly EncryptionKey[]> {
  const [files = [], algorithms = [], kids = []] = ['key', 'alg', 'kid'].map((name) =>
    listOption(input, name),
  )
  if (files.length === 0) throw new UsageError('--key is required')
  if (algorithms.length > files.length) throw new UsageError('--alg is given more often than --key')
  if (files.length > 1 && input.values['json'] !== true) throw new UsageError('several keys need --json')
  return Promise.all(
    files.map(async (file, index) =>
      toEncryptionKey(await readKeyFile(file), algorithms[index], kids[index]),
    ),
  )
}

async function encrypt(
  plaintext: Uint8Array,
  keys: readonly EncryptionKey[],
  input: VerbInput,
): Promise<string> {
  const own = keys.find(({ encryption }) => encryption !== undefined)?.encryption
  const options = {
    encryption: toEncryption(textOption(input, 'enc') ?? own ?? 'A256GCM'),
    deflate: input.values['zip'] === true,
    header: recordOption(input, 'header') ?? {},
  }
  if (input.values['json'] === true) return JSON.stringify(await encryptJweJson(plaintext, keys, options))
  const [key] = keys
  if (key === undefined) throw new UsageError('--key is required')
  return encryptJwe(plaintext, key, options)
}
