import { createDecipheriv } from 'node:crypto'
import { ConfigError, Secret } from '../core/index.ts'
import { associatedData, hasControls, keyDerivation } from './derive-key.ts'
import { legacyAlgorithm, legacyKey, sealedAlgorithm } from './derive-key.ts'
import { parseWhole, tagBytes } from './encrypted-value.ts'
import type { LegacyValue, SealedValue } from './encrypted-value.ts'

/** Decrypts configuration values with one secret. */
export interface Decrypter {
  /**
   * The value behind `@encrypted:{...}` that stands at `key`; without a key only unbound values open. Throws
   * ConfigError that names the key.
   */
  decrypt(text: string, key?: string): Promise<Secret>
}

/** A decrypter with the secret that the values were encrypted with. */
export function createDecrypter(secret: Secret): Decrypter {
  const derive = keyDerivation(secret)
  return {
    async decrypt(text, key) {
      const parsed = parseWhole(text, key)
      if (parsed.form === 'legacy') return openLegacy(parsed, secret, key)
      if (parsed.bound && key === undefined) {
        throw new ConfigError('', 'the value is bound to the key it was encrypted for: name that key')
      }
      return open(parsed, await derive(parsed.salt, parsed.cost), key)
    },
  }
}

function open({ bound, header, nonce, sealed }: SealedValue, key: Buffer, place = ''): Secret {
  const decipher = createDecipheriv(sealedAlgorithm, key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(associatedData(header, bound ? place : undefined))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  try {
    const bytes = [decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]
    return new Secret(Buffer.concat(bytes).toString('utf8'))
  } catch {
    const moved = bound ? ', or it was encrypted for another key' : ''
    throw new ConfigError(
      place,
      `the value does not open: the secret is another one, or the value was changed${moved}`,
    )
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// The old form has no integrity: a wrong secret is known by bad padding, bytes that are no UTF-8, or control
// characters. docs/decisions/encrypted-values.md gives the chance that none of the three shows.
function openLegacy({ iv, ciphertext }: LegacyValue, secret: Secret, place = ''): Secret {
  const decipher = createDecipheriv(legacyAlgorithm, legacyKey(secret), iv)
  try {
    const value = utf8.decode(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
    if (value !== '' && !hasControls(value)) return new Secret(value)
  } catch {
    // Said below: padding and encoding fail for the same two reasons.
  }
  throw new ConfigError(place, 'the value does not open: the secret is another one, or the value was changed')
}
