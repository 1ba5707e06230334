import { pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { encodeBase64url } from '../base64url.ts'
import { bytesOf, unwrapKey, wrapKey } from './aes-key-wrap.ts'
import type { KeyManagement } from './key-management.ts'

/** The highest iteration count that is accepted unless the caller names another, and the one we use. */
export const passwordIterationsDefault = 10_000
/** The least (RFC 7518 §4.8.1.2). */
export const passwordIterationsMin = 1000
/** The least length of the salt (RFC 7518 §4.8.1.1). */
const saltMinBytes = 8
const saltBytes = 16

const derive = promisify(pbkdf2)

/** RFC 7518 §4.8: a key that is stretched from a password wraps the content key. */
export function passwordKeyWrap(algorithm: string, hash: string, keyBytes: number): KeyManagement {
  const stretch = (password: Buffer, salt: Buffer, iterations: number): Promise<Buffer> =>
    derive(password, Buffer.concat([Buffer.from(`${algorithm}\0`), salt]), iterations, keyBytes, hash)
  return {
    password: true,
    fits: (key) => key.type === 'secret',
    wrapper:
      (key) =>
      async (contentKey, { passwordIterations }) => {
        if (!(passwordIterations >= passwordIterationsMin)) {
          throw new TypeError(`a password is stretched at least ${passwordIterationsMin} times`)
        }
        const salt = randomBytes(saltBytes)
        const wrapping = await stretch(key.export(), salt, passwordIterations)
        const parameters = { p2s: encodeBase64url(salt), p2c: passwordIterations }
        return { contentKey, encryptedKey: wrapKey(wrapping, contentKey), parameters }
      },
    headerProblem({ header, passwordIterations }) {
      const { p2s, p2c } = header
      if ((bytesOf(p2s)?.length ?? 0) < saltMinBytes) return `the p2s has less than ${saltMinBytes} bytes`
      const counted = Number.isSafeInteger(p2c) ? (p2c as number) : 0
      if (counted >= passwordIterationsMin && counted <= passwordIterations) return undefined
      return `the p2c is not from ${passwordIterationsMin} to ${passwordIterations}`
    },
    unwrapper:
      (key) =>
      async (encryptedKey, { header }) => {
        const salt = bytesOf(header['p2s']) ?? Buffer.alloc(saltMinBytes)
        return unwrapKey(await stretch(key.export(), salt, header['p2c'] as number), encryptedKey)
      },
  }
}
