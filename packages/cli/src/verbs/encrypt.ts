import { randomBytes } from 'node:crypto'
import { canonicalKey, createEncrypter } from 'barre/config'
import { askTwice, askWord, secretFileOption, withQuestions } from '../questions.ts'
import { orFail } from '../terms.ts'
import { UsageError } from '../verb.ts'
import type { Questions } from '../questions.ts'
import type { Io, Verb, VerbInput } from '../verb.ts'

const help = `Encrypts a configuration value with a secret; both are asked for and not shown. With KEY, such as
api.secret or users[username=alice].password, the value opens at that key alone.

  --stdin             read the value, then the secret, from two lines of standard input; only the encrypted value
                      is printed
  --secret-file FILE  the secret: a file with one line, which stays
  --legacy            make the form that Ballerina 0.991 reads: not authenticated, bound to no key`

export const verb: Verb = {
  usage: ['[KEY] [--stdin] [--secret-file FILE]', '--legacy [--stdin] [--secret-file FILE]'],
  help,
  options: {
    stdin: { type: 'boolean' },
    'secret-file': { type: 'string' },
    legacy: { type: 'boolean' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const key = keyOf(input.positionals[0])
    const legacy = input.values['legacy'] === true
    if (legacy && key !== undefined) throw new UsageError('--legacy binds to no key: leave KEY out')
    const { value, secret } = await askBoth(input, io)
    const encrypter = createEncrypter(secret, { random: randomBytes })
    const text = await orFail(encrypter.encrypt(value, { legacy, ...(key !== undefined && { key }) }))
    io.stdout.write(input.values['stdin'] === true ? `${text}\n` : instructions(text, key))
    if (legacy) io.stderr.write('The old form is not authenticated: a changed value may go unnoticed.\n')
    else if (key === undefined)
      io.stderr.write('The value is unbound: it opens at any key. KEY binds it to one.\n')
    return 0
  },
}

function keyOf(word: string | undefined): string | undefined {
  try {
    return word === undefined ? undefined : canonicalKey(word)
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
}

async function askBoth(input: VerbInput, io: Io) {
  const given = await secretFileOption(input, 'secret-file')
  return withQuestions(input, io, async (questions) => {
    const value = await askWord(questions, {
      first: 'Enter value: ',
      again: 'Value cannot be empty; enter value: ',
      failure: 'encryption failed: empty value.',
    })
    return { value, secret: given ?? (await askSecret(questions)) }
  })
}

function askSecret(questions: Questions) {
  return askTwice(questions, {
    first: 'Enter secret: ',
    again: 'Secret cannot be empty; enter secret: ',
    failure: 'encryption failed: empty secret.',
    verify: 'Re-enter secret to verify: ',
    mismatch: 'secrets did not match.',
  })
}

function instructions(text: string, key = '<param>'): string {
  return `Add the following to the runtime config:\n${text}\n\nOr add to the runtime command line:\n-e${key}=${text}\n`
}
