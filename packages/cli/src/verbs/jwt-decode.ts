import { jwt } from 'barre/jwt'
import { printJson, refusal, requiredToken } from '../terms.ts'
import type { Verb } from '../verb.ts'

const help = `Prints the header and the payload of a token as JSON. Nothing is verified: this is for looking at a
token, never for trusting it. TOKEN may be - to read it from standard input, which keeps it out of the shell's
history.`

export const verb: Verb = {
  usage: ['TOKEN'],
  help,
  options: {},
  positionalsMax: 1,
  async run(input, io) {
    const decoded = jwt.decode(await requiredToken(input, io))
    if (!decoded.ok) throw refusal(decoded.denial)
    printJson(decoded.value, io)
    return 0
  },
}
