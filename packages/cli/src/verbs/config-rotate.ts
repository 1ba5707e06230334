import { randomBytes } from 'node:crypto'
import { readFile, realpath, stat } from 'node:fs/promises'
import { createDecrypter, createEncrypter, rotate } from 'barre/config'
import { Secret } from 'barre/core'
import { askTwice, askWord, secretFileOption, withQuestions } from '../questions.ts'
import { replaceFile } from '../replace-file.ts'
import { orFail } from '../terms.ts'
import { Failure, UsageError } from '../verb.ts'
import type { Questions } from '../questions.ts'
import type { Io, Verb, VerbInput } from '../verb.ts'

const help = `Encrypts all values of a TOML file anew, with another secret and in the authenticated form, each bound to
its key. Comments and format of the file stay; it is replaced at once, and not at all when one value does not open.

  --secret-file FILE      the secret of now: a file with one line, which stays; else it is asked for
  --new-secret-file FILE  the new one
  --stdin                 read what no file has, the secret of now and then the new one, from lines of standard
                          input`

export const verb: Verb = {
  usage: ['FILE [--secret-file FILE] [--new-secret-file FILE] [--stdin]'],
  help,
  options: {
    'secret-file': { type: 'string' },
    'new-secret-file': { type: 'string' },
    stdin: { type: 'boolean' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const [name] = input.positionals
    if (name === undefined || name === '') throw new UsageError('FILE is required')
    const file = await orFail(realpath(name))
    const { mode, uid, gid } = await orFail(stat(file))
    const source = await orFail(readFile(file))
    const { from, to } = await askSecrets(input, io)
    const steps = { from: createDecrypter(from), to: createEncrypter(to, { random: randomBytes }) }
    const { text, keys } = await orFail(rotate(decode(source, name), name, steps))
    if (!source.equals(await orFail(readFile(file)))) {
      throw new Failure(`${name} was changed meanwhile: run this again`)
    }
    if (keys.length > 0) {
      await orFail(replaceFile(file, text, { mode: mode & 0o7777, owner: { uid, gid } }))
    }
    io.stdout.write(
      `${keys.map((key) => `${key}\n`).join('')}${keys.length} values encrypted anew in ${name}\n`,
    )
    return 0
  },
}

async function askSecrets(input: VerbInput, io: Io): Promise<{ from: Secret; to: Secret }> {
  const from = await secretFileOption(input, 'secret-file')
  const to = await secretFileOption(input, 'new-secret-file')
  if (from !== undefined && to !== undefined) return { from, to }
  return withQuestions(input, io, async (questions) => ({
    from: from ?? (await askOld(questions)),
    to: to ?? (await askNew(questions)),
  }))
}

async function askOld(questions: Questions): Promise<Secret> {
  const word = await askWord(questions, {
    first: 'Enter secret: ',
    again: 'Secret cannot be empty; enter secret: ',
    failure: 'the secret is empty',
  })
  return new Secret(word)
}

function askNew(questions: Questions): Promise<Secret> {
  return askTwice(questions, {
    first: 'Enter new secret: ',
    again: 'Secret cannot be empty; enter new secret: ',
    failure: 'the new secret is empty',
    verify: 'Re-enter new secret to verify: ',
    mismatch: 'secrets did not match.',
  })
}

function decode(source: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(source)
  } catch {
    throw new Failure(`${name} is not UTF-8`)
  }
}
