import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Failure, UsageError } from './verb.ts'
import type { Io, Verb } from './verb.ts'

/** Every verb, with what the overview says of it. A verb's module is loaded only when it is called. */
const verbs: Readonly<
  Record<string, { readonly summary: string; load(): Promise<{ readonly verb: Verb }> }>
> = {
  'keys generate': {
    summary: 'make a certificate authority, or a certificate that it signs, for development',
    load: () => import('./verbs/keys-generate.ts'),
  },
  'keys inspect': {
    summary: 'print what a key, certificate or key store file holds',
    load: () => import('./verbs/keys-inspect.ts'),
  },
  'keys convert': {
    summary: 'convert a key to PEM, DER, JWK or PKCS#12',
    load: () => import('./verbs/keys-convert.ts'),
  },
  'jwt issue': {
    summary: 'sign a token',
    load: () => import('./verbs/jwt-issue.ts'),
  },
  'jwt validate': {
    summary: 'check a token as a service would, and print its payload',
    load: () => import('./verbs/jwt-validate.ts'),
  },
  'jwt decode': {
    summary: 'print what a token says, unverified',
    load: () => import('./verbs/jwt-decode.ts'),
  },
  'jws sign': {
    summary: 'sign bytes',
    load: () => import('./verbs/jws-sign.ts'),
  },
  'jws verify': {
    summary: 'verify a JWS and print its payload, or thousands line by line',
    load: () => import('./verbs/jws-verify.ts'),
  },
  'jwe encrypt': {
    summary: 'encrypt bytes',
    load: () => import('./verbs/jwe-encrypt.ts'),
  },
  'jwe decrypt': {
    summary: 'decrypt a JWE and print its plaintext, or thousands line by line',
    load: () => import('./verbs/jwe-decrypt.ts'),
  },
  jwk: {
    summary: 'print a key as a JWK, or its thumbprint',
    load: () => import('./verbs/jwk.ts'),
  },
  encrypt: {
    summary: 'encrypt a configuration value',
    load: () => import('./verbs/encrypt.ts'),
  },
  decrypt: {
    summary: 'print an encrypted configuration value',
    load: () => import('./verbs/decrypt.ts'),
  },
  'config rotate': {
    summary: 'encrypt all values of a file anew, with another secret',
    load: () => import('./verbs/config-rotate.ts'),
  },
  'config check': {
    summary: 'check a file against a JSON Schema',
    load: () => import('./verbs/config-check.ts'),
  },
  hash: {
    summary: 'hash a password for a user store',
    load: () => import('./verbs/hash.ts'),
  },
  'users add': {
    summary: 'add a user to the file of a user store',
    load: () => import('./verbs/users-add.ts'),
  },
  'users set-password': {
    summary: 'give a user of the file another password',
    load: () => import('./verbs/users-set-password.ts'),
  },
  'users list': {
    summary: 'list the users of the file, with their scopes',
    load: () => import('./verbs/users-list.ts'),
  },
  'users remove': {
    summary: 'remove a user from the file',
    load: () => import('./verbs/users-remove.ts'),
  },
  'sts start': {
    summary: 'start the Secure Token Service',
    load: () => import('./verbs/sts-start.ts'),
  },
  'sts secret': {
    summary: 'make a secret for one of its clients, and the hash that it keeps',
    load: () => import('./verbs/sts-secret.ts'),
  },
  'sts init': {
    summary: 'make a folder with all that the Secure Token Service needs',
    load: () => import('./verbs/sts-init.ts'),
  },
  'sts client add': {
    summary: 'add a client to the store of the Secure Token Service',
    load: () => import('./verbs/sts-client-add.ts'),
  },
  'sts client list': {
    summary: 'list its clients',
    load: () => import('./verbs/sts-client-list.ts'),
  },
  'sts client rotate-secret': {
    summary: 'give a client of its store another secret',
    load: () => import('./verbs/sts-client-rotate-secret.ts'),
  },
  'sts client disable': {
    summary: 'disable a client of its store',
    load: () => import('./verbs/sts-client-disable.ts'),
  },
  'sts keys rotate': {
    summary: 'make another signing key',
    load: () => import('./verbs/sts-keys-rotate.ts'),
  },
  'sts migrate': {
    summary: 'bring the tables of its store to the current version',
    load: () => import('./verbs/sts-migrate.ts'),
  },
  'sts backup': {
    summary: 'copy its store',
    load: () => import('./verbs/sts-backup.ts'),
  },
  'sts prune': {
    summary: 'delete what has expired',
    load: () => import('./verbs/sts-prune.ts'),
  },
  'gateway start': {
    summary: 'start the API gateway',
    load: () => import('./verbs/gateway-start.ts'),
  },
  check: {
    summary: 'follow untrusted data through a program, and refuse it where it is dangerous',
    load: () => import('./verbs/check.ts'),
  },
}

/** Runs one command line (without `node` and the script) and answers with the exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length === 0 || argv[0] === '--help' || argv[0] === '-h') {
    io.stdout.write(overview())
    return argv.length === 0 ? 2 : 0
  }
  if (argv[0] === '--version') {
    io.stdout.write(`barre ${await version()}\n`)
    return 0
  }
  const name = findVerb(argv)
  if (name === undefined) return helpWithGroup(argv, io)
  const { verb } = await verbs[name]!.load()
  try {
    return await runVerb(name, verb, argv.slice(name.split(' ').length), io)
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`barre ${name}: ${error.message} (barre ${name} --help tells more)\n`)
      return 2
    }
    if (!(error instanceof Failure)) throw error
    io.stderr.write(`barre ${name}: ${error.message}\n`)
    return 1
  }
}

async function runVerb(name: string, verb: Verb, argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse(verb, argv)
  if (values['help'] === true) {
    io.stdout.write(`${verb.usage.map((form) => `barre ${name} ${form}`).join('\n')}\n\n${verb.help}\n`)
    return 0
  }
  if (positionals.length > (verb.positionalsMax ?? 0)) {
    throw new UsageError(`unexpected ${positionals[verb.positionalsMax ?? 0]}`)
  }
  return verb.run({ values, positionals }, io)
}

function parse(verb: Verb, argv: readonly string[]) {
  try {
    return parseArgs({
      args: 'alg' in verb.options ? argv.map(shorter) : [...argv],
      options: { ...verb.options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
  } catch (error) {
    // parseArgs explains at length over several lines; the first sentence says what is wrong.
    throw new UsageError((error as Error).message.split(/\.(?:\s|$)/)[0], { cause: error })
  }
}

/** `--algorithm` means the `--alg` that the help tells of. */
function shorter(word: string): string {
  return word.replace(/^--algorithm(?==|$)/, '--alg')
}

async function version(): Promise<string> {
  const file = fileURLToPath(import.meta.resolve('@barre/cli/package.json'))
  const { version: text } = JSON.parse(await readFile(file, 'utf8')) as { readonly version: string }
  return text
}

function findVerb(argv: readonly string[]): string | undefined {
  return Object.keys(verbs).find((name) => name.split(' ').every((word, index) => argv[index] === word))
}

function helpWithGroup(argv: readonly string[], io: Io): number {
  const isGroup = Object.keys(verbs).some((name) => name.startsWith(`${argv[0]} `))
  if (isGroup && (argv[1] === '--help' || argv[1] === '-h')) {
    io.stdout.write(overview(argv[0]))
    return 0
  }
  io.stderr.write(
    `barre: no verb ${isGroup ? argv.slice(0, 2).join(' ') : argv[0]} (barre --help lists them)\n`,
  )
  return 2
}

function overview(group = ''): string {
  const nameWidth = Math.max(...Object.keys(verbs).map(({ length }) => length))
  const rows = Object.entries(verbs)
    .filter(([name]) => name.startsWith(group))
    .map(
      ([name, { summary }]) => `  barre ${name.padEnd(nameWidth)} ${summary}
`,
    )
  return `Usage: barre VERB ...

${rows.join('')}
barre VERB --help tells more of each; barre --version.
`
}
