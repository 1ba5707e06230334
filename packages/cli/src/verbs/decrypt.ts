import { createDecrypter } from 'barre/config'
import { Secret } from 'barre/core'
import { askWord, secretFileOption, withQuestions } from '../questions.ts'
import { orFail } from '../terms.ts'
import { textOption, UsageError } from '../verb.ts'
import type { Io, Verb, VerbInput } from '../verb.ts'

const help = `Prints the value behind @encrypted:{...}, and nothing else, to standard output. A wrong secret or a
changed value is one line on standard error, and exit code 1.

  --key KEY           where the value stands; needed for one that is bound to its key
  --secret-file FILE  the secret: a file with one line, which stays; else it is asked for
  --stdin             read the secret from standard input`

export const verb: Verb = {
  usage: ['VALUE [--key KEY] [--secret-file FILE | --stdin]'],
  help,
  options: {
    key: { type: 'string' },
    'secret-file': { type: 'string' },
    stdin: { type: 'boolean' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const [value] = input.positionals
    if (value === undefined || value === '') throw new UsageError('VALUE is required')
    const secret = (await secretFileOption(input, 'secret-file')) ?? (await askSecret(input, io))
    const opened = await orFail(createDecrypter(secret).decrypt(value, textOption(input, 'key')))
    io.stdout.write(`${opened.reveal()}\n`)
    return 0
  },
}

async function askSecret(input: VerbInput, io: Io): Promise<Secret> {
  const word = await withQuestions(input, io, (questions) =>
    askWord(questions, {
      first: 'Enter secret: ',
      again: 'Secret cannot be empty; enter secret: ',
      failure: 'decryption failed: empty secret.',
    }),
  )
  return new Secret(word)
}
