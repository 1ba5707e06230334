import { randomBytes } from 'node:crypto'
import { hashArgon2id } from 'barre/crypto'
import type { Verb } from '../verb.ts'

const help = `Makes a secret for a client of the Secure Token Service, and its hash for the service's settings.
The secret is printed once and kept nowhere.`

const secretBytes = 32
const saltBytes = 16

export const verb: Verb = {
  usage: [''],
  help,
  options: {},
  async run(_input, io) {
    const secret = randomBytes(secretBytes).toString('base64url')
    const secretHash = await hashArgon2id(secret, randomBytes(saltBytes))
    io.stdout.write(`clientSecret = "${secret}"\nsecretHash = "${secretHash}"\n`)
    return 0
  },
}
