import { fuzzConfigTexts, fuzzToml } from '../../packages/barre/src/config/test/fuzz-config.ts'
import { fuzzKeyFiles, fuzzStores } from '../../packages/barre/src/crypto/keys/test/fuzz-keys.ts'
import { readBasic } from '../../packages/barre/src/listener/basic-credential.ts'
import { fuzzDtls } from '../../packages/barre/src/transports/udp/dtls/test/fuzz-dtls.ts'
import { fuzzBasic } from '../../packages/barre/test/fuzz-basic.ts'
import { fuzzJose, fuzzPasswordJwe, passwordRoundsMin } from '../../packages/barre/test/fuzz-jose.ts'
import { fuzzJwk } from '../../packages/barre/test/fuzz-jwk.ts'
import type { Fuzz } from '../../packages/barre/test/fuzz.ts'

export interface Subject {
  readonly fuzz: Fuzz
  /** The share of the count that is asked for: less where each input costs a stretched key. */
  readonly share?: number
}

const stretchedShare = 0.01

/**
 * Who parses what a stranger sends. Stretching a key is real everywhere; with the least rounds that the format allows
 * it costs little, and once more, of fewer inputs, with as many as
 * others write.
 */
export const subjects: Readonly<Record<string, Subject>> = {
  jws: { fuzz: fuzzJose.jws },
  jwe: { fuzz: fuzzJose.jwe },
  jwt: { fuzz: fuzzJose.jwt },
  jwk: { fuzz: fuzzJwk },
  'pkcs12, 1 round': { fuzz: fuzzStores(1) },
  'pkcs12, 10,000 rounds': { fuzz: fuzzStores(10_000), share: stretchedShare },
  'pbes2 jwe, 1,000 rounds': { fuzz: fuzzPasswordJwe(passwordRoundsMin) },
  'pbes2 jwe, 10,000 rounds': { fuzz: fuzzPasswordJwe(10_000), share: stretchedShare },
  'jks, keys and certificates': { fuzz: fuzzKeyFiles },
  toml: { fuzz: fuzzToml },
  'keys, encrypted values and words of the configuration': { fuzz: fuzzConfigTexts },
  dtls: { fuzz: fuzzDtls },
  basic: { fuzz: fuzzBasic(readBasic) },
}
