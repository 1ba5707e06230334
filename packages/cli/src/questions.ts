import { text } from 'node:stream/consumers'
import { createTerminal, readSecretFile } from 'barre/config'
import { Secret } from 'barre/core'
import { orFail } from './terms.ts'
import { Failure, textOption } from './verb.ts'
import type { Io, VerbInput } from './verb.ts'

/** What a verb asks for and never shows: a person types it, or with `--stdin` each line answers one question. */
export interface Questions {
  ask(question: string): Promise<string>
  /** The answer to a question that only a person has to be asked, else the next line, if there is one. */
  askAgain(question: string): Promise<string | undefined>
  /** Whether an empty answer may be mended. */
  readonly isPerson: boolean
  /** Sees that no answer is left over. */
  finish(): void
  close(): Promise<void>
}

/** Asks what `work` needs, and gives the terminal back. */
export async function withQuestions<T>(
  input: VerbInput,
  io: Io,
  work: (questions: Questions) => Promise<T>,
): Promise<T> {
  const questions =
    input.values['stdin'] === true ? questionsOfLines(await text(io.stdin)) : questionsOfPerson(io)
  try {
    const answers = await work(questions)
    questions.finish()
    return answers
  } finally {
    await questions.close()
  }
}

function questionsOfPerson(io: Io): Questions {
  const terminal = createTerminal(io.stdin, io.stderr)
  const ask = (question: string): Promise<string> => {
    if (io.stdin.isTTY !== true) throw new Failure('there is no terminal to ask on: --stdin reads lines')
    return orFail(terminal.ask(question))
  }
  return { ask, askAgain: ask, isPerson: true, finish() {}, close: () => terminal.close() }
}

function questionsOfLines(source: string): Questions {
  const lines = source.replace(/\r?\n$/, '').split(/\r?\n/)
  return {
    async ask(question) {
      const line = lines.shift()
      if (line === undefined) throw new Failure(`standard input has no line for "${question.trim()}"`)
      return line
    },
    askAgain: async () => lines.shift(),
    isPerson: false,
    async close() {},
    finish() {
      if (lines.length > 0) throw new Failure('standard input has more lines than are asked for')
    },
  }
}

/** A word that must not be empty: a person is asked once more, and then `failure` ends the verb. */
export async function askWord(
  questions: Questions,
  { first, again, failure }: { readonly first: string; readonly again: string; readonly failure: string },
): Promise<string> {
  let word = await questions.ask(first)
  if (word === '' && questions.isPerson) word = await questions.ask(again)
  if (word === '') throw new Failure(failure)
  return word
}

/** A new word, typed twice; lines may leave the second one out. */
export async function askTwice(
  questions: Questions,
  asked: Parameters<typeof askWord>[1] & { readonly verify: string; readonly mismatch: string },
): Promise<Secret> {
  const word = await askWord(questions, asked)
  const repeated = await questions.askAgain(asked.verify)
  if (repeated !== undefined && repeated !== word) throw new Failure(asked.mismatch)
  return new Secret(word)
}

/** The secret in the file that an option names; `undefined` without the option. The file stays. */
export async function secretFileOption(input: VerbInput, name: string): Promise<Secret | undefined> {
  const file = textOption(input, name)
  return file === undefined ? undefined : orFail(readSecretFile(file))
}
