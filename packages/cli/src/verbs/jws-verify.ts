import { chain, ok } from 'barre/core'
import { readJws, verifySignatures } from 'barre/jose'
import { readKeyFile, toVerificationKeys, withFailures } from '../jose-keys.ts'
import { answerLines } from '../lines.ts'
import { readToken, writePayload } from '../payload.ts'
import { refusal } from '../terms.ts'
import { Failure, requiredOption, textOption } from '../verb.ts'
import { readFile } from 'node:fs/promises'
import type { Result } from 'barre/core'
import type { JsonObject, ReadOptions } from 'barre/jose'
import type { KeyMaterial } from '../jose-keys.ts'
import type { Io, Verb, VerbInput } from '../verb.ts'

const help = `Verifies a JWS and prints its payload. A refusal is one line with its code and the reason, and exit
code 1. TOKEN is a compact or JSON serialization; - reads it from standard input.

  --key FILE      the key: a JWK, a JWK set, or PEM (a public key or a certificate)
  --alg A         the only algorithm to accept; default: those that the key says or allows
  --payload FILE  the payload, where it travelled apart from its signature
  --all           every signature must be of one of the keys; default: one is enough
  --out FILE      where the payload goes, in place of standard output
  --stdin         verify one JSON object a line, {"id","token","key","alg"}, and answer each with a line,
                  {"id","ok","code","payload"}, the payload in base64url; --key serves lines that have no key`

export const verb: Verb = {
  usage: ['TOKEN --key FILE [--alg A] [--payload FILE] [--all] [--out FILE]', '--stdin [--key FILE] [--all]'],
  help,
  options: {
    key: { type: 'string' },
    alg: { type: 'string' },
    payload: { type: 'string' },
    all: { type: 'boolean' },
    out: { type: 'string' },
    stdin: { type: 'boolean' },
  },
  positionalsMax: 1,
  run: (input, io) =>
    withFailures(() => (input.values['stdin'] === true ? serve(input, io) : verify(input, io))),
}

async function verify(input: VerbInput, io: Io): Promise<number> {
  const material = await readKeyFile(requiredOption(input, 'key'))
  const token = await readToken(input, io)
  const file = textOption(input, 'payload')
  const options = file === undefined ? {} : { detachedPayload: await read(file) }
  const verified = check(token, material, textOption(input, 'alg'), input, options)
  if (!verified.ok) throw refusal(verified.denial)
  await writePayload(verified.value, input, io)
  return 0
}

function read(file: string): Promise<Buffer> {
  return readFile(file).catch((error: Error) => {
    throw new Failure(error.message, { cause: error })
  })
}

async function serve(input: VerbInput, io: Io): Promise<number> {
  const file = textOption(input, 'key')
  const shared = file === undefined ? undefined : await readKeyFile(file)
  return answerLines(io, ({ token, key = shared, alg }) =>
    chain(check(token, key ?? '', alg ?? textOption(input, 'alg'), input), (verified) =>
      verified.ok ? ok(verified.value.toString('base64url')) : verified,
    ),
  )
}

function check(
  token: string | JsonObject,
  material: KeyMaterial,
  alg: unknown,
  input: VerbInput,
  options: ReadOptions = {},
): Result<Buffer> {
  const keys = toVerificationKeys(material, alg)
  const jws = readJws(token, options)
  if (!jws.ok) return jws
  const verified = verifySignatures(jws.value, keys, input.values['all'] === true ? 'all' : 'any')
  return verified.ok ? ok(jws.value.payload) : verified
}
