import { KeyObject } from 'node:crypto'
import { chain, ok, refuse } from '../core/index.ts'
import { decryptJwe } from './jwe/decrypt.ts'
import { encryptJwe } from './jwe/encrypt.ts'
import { importDecryptionKey, importEncryptionKey } from './jwe/import-key.ts'
import { tokenMaxLength } from './jws.ts'
import { readFile } from './signature-source.ts'
import type { Awaitable, Result } from '../core/index.ts'
import type { DecryptionConfig, EncryptionConfig } from './nested-config.ts'

/**
 * Compiles how the signed token is taken out of an encrypted one. A token that is not encrypted is refused, and what
 * comes out is read as a signed token only: two layers, never more (RFC 7519 §5.2, §11.2).
 */
export function createOpener(
  config: DecryptionConfig,
  path: string,
): (token: string) => Awaitable<Result<string>> {
  const { algorithm, config: source, encryptions } = config
  const key =
    source instanceof KeyObject
      ? importDecryptionKey(source, { path: `${path}.config`, algorithm })
      : importDecryptionKey(readFile(source.keyFile, `${path}.config.keyFile`).toString('utf8'), {
          path: `${path}.config.keyFile`,
          algorithm,
          ...(source.keyPassword !== undefined && { password: source.keyPassword }),
        })
  const options = encryptions === undefined ? {} : { encryptions }
  return (token) => {
    if (token.length > tokenMaxLength) return tooLong
    return chain(decryptJwe(token, key, options), (decrypted) => {
      if (!decrypted.ok) return decrypted
      const { header, plaintext } = decrypted.value
      return isJwtType(header.cty)
        ? ok(plaintext.toString('latin1'))
        : refuse('invalid', 'the cty of the encrypted token is not JWT')
    })
  }
}

const tooLong = refuse('malformed', `the token has more than ${tokenMaxLength} characters`)

/** A media type, thus in any case, and usually without its `application/`. */
function isJwtType(cty: string | undefined): boolean {
  return /^(?:application\/)?jwt$/i.test(cty ?? '')
}

/** Compiles how a signed token is encrypted for its reader. */
export function createSealer(config: EncryptionConfig, path: string): (token: string) => Awaitable<string> {
  const { algorithm, config: source, encryption = 'A256GCM', keyId: kid } = config
  const options = { algorithm, ...(kid !== undefined && { kid }) }
  const key =
    source instanceof KeyObject
      ? importEncryptionKey(source, { path: `${path}.config`, ...options })
      : importEncryptionKey(readFile(source.certFile, `${path}.config.certFile`).toString('utf8'), {
          path: `${path}.config.certFile`,
          ...options,
        })
  return (token) => encryptJwe(token, key, { encryption, header: { cty: 'JWT' } })
}
