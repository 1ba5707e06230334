import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { isEncrypted, load, loadSealed, secretVariable } from 'barre/config'
import { isRecord, Secret } from 'barre/core'
import { secretFileOption } from '../questions.ts'
import { orFail } from '../terms.ts'
import { Failure, requiredOption, textOption, UsageError } from '../verb.ts'
import type { ErrorObject } from 'ajv'
import type { JsonSchema, Shape } from 'barre/core'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Checks a TOML file against a JSON Schema (draft 2020-12). Each problem is one line that names the key,
and the exit code is 1. Values are never printed.

  --schema FILE       the schema; the word auth stands for Barre's own, of the key auth
  --at KEY            the part of the file that the schema is for; default all of it
  --secret-file FILE  the secret of encrypted values: a file with one line, which stays. Without it only the
                      form of encrypted values is checked`

const linesMax = 50

export const verb: Verb = {
  usage: ['FILE --schema SCHEMA.json|auth [--at KEY] [--secret-file FILE]'],
  help,
  options: {
    schema: { type: 'string' },
    at: { type: 'string' },
    'secret-file': { type: 'string' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const [file] = input.positionals
    if (file === undefined || file === '') throw new UsageError('FILE is required')
    const name = requiredOption(input, 'schema')
    const schema = await readSchema(name)
    const at = textOption(input, 'at') ?? (name === 'auth' ? 'auth' : '')
    const data = await orFail(readData(file, at, schema, input))
    const problems = findProblems(data, schema, name)
    for (const problem of problems.slice(0, linesMax))
      io.stderr.write(`${file}: ${`${at}${problem}`.replace(/^\./, '')}\n`)
    if (problems.length > 0) return 1
    io.stdout.write(`${file} fits ${name}\n`)
    return 0
  },
}

async function readSchema(name: string): Promise<JsonSchema> {
  const file = name === 'auth' ? new URL(import.meta.resolve('barre/auth.schema.json')) : name
  try {
    const schema: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (isRecord(schema)) return schema
  } catch (error) {
    throw new Failure(`the schema ${name} cannot be read: ${(error as Error).message}`, { cause: error })
  }
  throw new Failure(`the schema ${name} is not a JSON object`)
}

async function readData(file: string, at: string, schema: JsonSchema, input: VerbInput): Promise<unknown> {
  const secret = await secretFileOption(input, 'secret-file')
  // As an environment of one variable, so that no secret.txt beside the file is taken, and deleted.
  const config =
    secret === undefined
      ? await loadSealed(file)
      : await load({ file, env: { [secretVariable]: secret.reveal() } })
  const plain: Shape<unknown> = { check: revealed, json: schema }
  return config.read(at, plain)
}

/** The data with its secrets as texts, for the schema to look at. */
function revealed(data: unknown): unknown {
  if (data instanceof Secret) return data.reveal()
  if (Array.isArray(data)) return data.map(revealed)
  if (!isRecord(data)) return data
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, revealed(value)]))
}

function findProblems(data: unknown, schema: JsonSchema, name: string): readonly string[] {
  const validate = compile(schema, name)
  if (validate(data)) return []
  const errors = validate.errors ?? []
  const sealed = errors.filter(isSealed)
  // That no alternative fits may be because one of its values is not open yet.
  const isOpen = (error: ErrorObject): boolean =>
    !sealed.some(
      (one) => one === error || (isChoice(error) && one.instancePath.startsWith(error.instancePath)),
    )
  return [...new Set(errors.filter(isOpen).map(toLine))]
}

function isChoice({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf'
}

function compile(schema: JsonSchema, name: string) {
  // Formats are left to those who use the values; an unknown keyword is a slip in the schema.
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strictSchema: true,
    strictTypes: false,
    validateFormats: false,
  })
  try {
    return ajv.compile(schema)
  } catch (error) {
    throw new Failure(`the schema ${name} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

/** Whether the error is about what an encrypted value would say once it is open. */
function isSealed({ data }: ErrorObject): boolean {
  return typeof data === 'string' && isEncrypted(data)
}

function toLine({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: string }
  const extra = additionalProperty === undefined ? '' : ` (${additionalProperty})`
  return `${toKey(instancePath)}: ${message}${extra}`
}

/** `/users/0/name` as a key. */
function toKey(pointer: string): string {
  const parts = pointer.split('/').slice(1)
  return parts
    .map((part) =>
      /^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`,
    )
    .join('')
}
