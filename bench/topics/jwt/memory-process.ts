// Sends by how many MB the memory in use has grown between the 100,000th and the last of a million tokens.
import { randomBytes } from 'node:crypto'
import { libraryNamed } from './libraries/index.ts'
import { hmacSigner, issueTokens } from './tokens.ts'

const tokenCount = 1_000_000
const settledAt = 100_000
const cacheEntries = 10_000

const library = libraryNamed(process.argv[2])
const issued = issueTokens('HS256', 1)
const signer = hmacSigner(String(issued.secret), 'sha256', 'HS256')
const verify = await library.toCachedVerify?.(issued, cacheEntries)
if (verify === undefined) throw new TypeError(`${library.name} remembers no tokens`)

let settledBytes = 0
const claims = { iss: issued.issuer, aud: issued.audience, exp: Math.floor(Date.now() / 1000) + 86_400 }
const prefix = randomBytes(8).toString('hex')
for (let index = 1; index <= tokenCount; index++) {
  const token = signer({ ...claims, sub: `user-${index}`, jti: `${prefix}-${index}`, scope: 'read_order' })
  const outcome = verify(token, index)
  if (!(typeof outcome === 'boolean' ? outcome : await outcome)) throw new Error('a good token was refused')
  if (index === settledAt) settledBytes = usedBytes()
}
process.send?.((usedBytes() - settledBytes) / 1_048_576)
process.disconnect?.()

function usedBytes(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
