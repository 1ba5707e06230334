import { check, checkFlags } from '@barre/taint'
import type { Verb } from '../verb.ts'

const help = `Follows untrusted data through a TypeScript or JavaScript program, and reports where it reaches a
sensitive parameter: a query, a path, a command, an address. Without FILE, tsconfig.json says what to check;
without one, every source file below.

  -p, --project FILE     the tsconfig.json to check
  --format FORMAT        text, json, sarif or github
  --threat-model NAME    default (remote, command line, database), ballerina, or all
  --library              parameters of exported functions are untrusted too
  --strict               every untaint() gives its reason in a comment
  --lenient              an unknown function's result is trusted
  --baseline FILE        accept the findings whose ids it lists; --write-baseline FILE writes one
  --explain FILE:LINE    why a line is reported, or that it is not
  --emit                 write .taint.json, the inferred signatures, for dependents
  --stats                how much was analysed, and which limits were reached

Exit code 0: clean; 1: findings; 2: could not run. A comment "// barre-ignore KIND: reason" on the line or the
one before excuses a finding.`

export const verb: Verb = {
  usage: ['[FILE...]'],
  help,
  options: checkFlags,
  positionalsMax: Number.POSITIVE_INFINITY,
  async run(input, io) {
    const result = check(input, process.cwd())
    io.stderr.write(result.errors)
    io.stdout.write(result.output)
    return result.exitCode
  },
}
