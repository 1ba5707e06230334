import { createPrivateKey, createPublicKey } from 'node:crypto'
import { ConfigError } from 'barre/core'
import { thumbprint, toPublicJwk } from 'barre/jose'
import { readKeyFile, toJwks, withFailures } from '../jose-keys.ts'
import { printJson } from '../terms.ts'
import { Failure, requiredOption, textOption, UsageError } from '../verb.ts'
import type { Jwk, ThumbprintHash } from 'barre/jose'
import type { KeyMaterial } from '../jose-keys.ts'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Prints a key as a JWK: its public half, unless --private is given. A JWK set stays a set.

  --key FILE         the key: PEM (a key or a certificate), a JWK, or a JWK set
  --private          print what is private too
  --kid KID          the kid of the JWK; thumbprint makes it the key's own SHA-256 thumbprint
  --alg A, --use U   the alg and the use of the JWK
  --set              print a set, also of one key
  --thumbprint HASH  print only the thumbprint of each key (RFC 7638): sha-256, sha-384 or sha-512`

const hashes: readonly ThumbprintHash[] = ['sha-256', 'sha-384', 'sha-512']

export const verb: Verb = {
  usage: [
    '--key FILE [--private] [--kid KID] [--alg A] [--use U] [--set]',
    '--key FILE --thumbprint sha-256|sha-384|sha-512',
  ],
  help,
  options: {
    key: { type: 'string' },
    private: { type: 'boolean' },
    kid: { type: 'string' },
    alg: { type: 'string' },
    use: { type: 'string' },
    set: { type: 'boolean' },
    thumbprint: { type: 'string' },
  },
  run: (input, io) =>
    withFailures(async () => {
      const wanted = textOption(input, 'thumbprint')
      const hash = hashes.find((name) => name === wanted)
      if (wanted !== undefined && hash === undefined)
        throw new UsageError(`--thumbprint is ${hashes.join(', ')}`)
      const material = await readKeyFile(requiredOption(input, 'key'))
      const jwks = typeof material === 'string' ? [fromPem(material)] : toJwks(material)
      if (jwks.length === 0) throw new Failure('the file holds neither PEM nor a JWK nor a JWK set')
      if (hash !== undefined) io.stdout.write(jwks.map((jwk) => `${thumbprint(jwk, hash)}\n`).join(''))
      else printJson(shown(jwks, material, input), io)
      return 0
    }),
}

function fromPem(pem: string): Jwk {
  try {
    const key = pem.includes('PRIVATE KEY-----') ? createPrivateKey(pem) : createPublicKey(pem)
    return key.export({ format: 'jwk' }) as Jwk
  } catch (cause) {
    throw new ConfigError('key', 'the PEM cannot be read as a key or a certificate', { cause })
  }
}

function shown(jwks: readonly Jwk[], material: KeyMaterial, input: VerbInput): object {
  const keys = jwks.map((jwk) =>
    withMembers(input.values['private'] === true ? jwk : toPublicJwk(jwk), input),
  )
  const [only] = keys
  const isSet = typeof material !== 'string' && 'keys' in material
  return isSet || input.values['set'] === true || only === undefined ? { keys } : only
}

function withMembers(jwk: Jwk, input: VerbInput): Jwk {
  const [kid, alg, use] = ['kid', 'alg', 'use'].map((name) => textOption(input, name))
  return {
    ...jwk,
    ...(kid !== undefined && { kid: kid === 'thumbprint' ? thumbprint(jwk) : kid }),
    ...(alg !== undefined && { alg }),
    ...(use !== undefined && { use }),
  }
}
