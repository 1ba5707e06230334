import { chain, ok } from 'barre/core'
import { decryptJwe } from 'barre/jose'
import { readKeyFile, toDecryption, withFailures } from '../jose-keys.ts'
import { answerLines } from '../lines.ts'
import { readToken, writePayload } from '../payload.ts'
import { refusal } from '../terms.ts'
import { requiredOption, textOption } from '../verb.ts'
import type { Awaitable, Result } from 'barre/core'
import type { JsonObject } from 'barre/jose'
import type { KeyMaterial } from '../jose-keys.ts'
import type { Request } from '../lines.ts'
import type { Io, Verb, VerbInput } from '../verb.ts'

const help = `Decrypts a JWE and prints its plaintext. A refusal is one line with its code and the reason, and exit
code 1. TOKEN is a compact or JSON serialization; - reads it from standard input.

  --key FILE  the key: a JWK, a JWK set, PEM, or for PBES2 (with --alg) a password
  --alg A     the only algorithm to accept; default: those that the key says or allows
  --enc E     the only content encryption to accept
  --zip       accept compressed content, up to 262144 bytes
  --legacy    accept RSA1_5, where --alg or the JWK names it
  --out FILE  where the plaintext goes, in place of standard output
  --stdin     decrypt one JSON object a line, {"id","token","key","alg","enc"}, and answer each with a line,
              {"id","ok","code","payload"}, the payload in base64url; --key serves lines that have no key`

export const verb: Verb = {
  usage: [
    'TOKEN --key FILE [--alg A] [--enc E] [--zip] [--legacy] [--out FILE]',
    '--stdin [--key FILE] [--zip] [--legacy]',
  ],
  help,
  options: {
    key: { type: 'string' },
    alg: { type: 'string' },
    enc: { type: 'string' },
    zip: { type: 'boolean' },
    legacy: { type: 'boolean' },
    out: { type: 'string' },
    stdin: { type: 'boolean' },
  },
  positionalsMax: 1,
  run: (input, io) =>
    withFailures(() => (input.values['stdin'] === true ? serve(input, io) : decrypt(input, io))),
}

async function decrypt(input: VerbInput, io: Io): Promise<number> {
  const material = await readKeyFile(requiredOption(input, 'key'))
  const decrypted = await open(await readToken(input, io), material, {}, input)
  if (!decrypted.ok) throw refusal(decrypted.denial)
  await writePayload(decrypted.value, input, io)
  return 0
}

async function serve(input: VerbInput, io: Io): Promise<number> {
  const file = textOption(input, 'key')
  const shared = file === undefined ? undefined : await readKeyFile(file)
  return answerLines(io, ({ token, key = shared, alg, enc }) =>
    chain(open(token, key ?? '', { alg, enc }, input), (decrypted) =>
      decrypted.ok ? ok(decrypted.value.toString('base64url')) : decrypted,
    ),
  )
}

function open(
  token: string | JsonObject,
  material: KeyMaterial,
  line: Pick<Request, 'alg' | 'enc'>,
  input: VerbInput,
): Awaitable<Result<Buffer>> {
  const { keys, ...accepted } = toDecryption(material, {
    alg: line.alg ?? textOption(input, 'alg'),
    enc: line.enc ?? textOption(input, 'enc'),
    legacy: input.values['legacy'] === true,
  })
  const options = { ...accepted, inflate: input.values['zip'] === true }
  return chain(decryptJwe(token, keys, options), (decrypted) =>
    decrypted.ok ? ok(decrypted.value.plaintext) : decrypted,
  )
}
