/** One cipher suite: everything that the protocol asks of it. */
export interface CipherSuite {
  readonly id: number
  /** As IANA and OpenSSL call it. */
  readonly names: readonly [iana: string, openSsl: string]
  /** Whether keys are agreed on by ECDHE. */
  readonly isEcdhe: boolean
  /** Whose signature proves the server; absent: a pre-shared key does. */
  readonly signedBy?: 'ecdsa' | 'rsa'
  /** The hash of the PRF and the transcript. */
  readonly hash: 'sha256' | 'sha384'
  readonly aead: Aead
}

/** How records are protected. */
export interface Aead {
  readonly name: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'
  readonly keyBytes: number
  /** The part of the nonce that comes from the key block: RFC 5288 §3, RFC 7905 §2. */
  readonly ivBytes: number
  /** Whether 8 bytes of the nonce travel with each record. */
  readonly isNonceExplicit: boolean
}

const aes128: Aead = { name: 'aes-128-gcm', keyBytes: 16, ivBytes: 4, isNonceExplicit: true }
const aes256: Aead = { name: 'aes-256-gcm', keyBytes: 32, ivBytes: 4, isNonceExplicit: true }
const chacha20: Aead = { name: 'chacha20-poly1305', keyBytes: 32, ivBytes: 12, isNonceExplicit: false }

const ecdsa = { isEcdhe: true, signedBy: 'ecdsa' } as const
const rsa = { isEcdhe: true, signedBy: 'rsa' } as const

/** RFC 5289, 7905, 8442, 5487: authenticated encryption alone, the best first. */
export const cipherSuites: readonly CipherSuite[] = [
  suite(0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256', ecdsa, aes128),
  suite(0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', rsa, aes128),
  suite(0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384', ecdsa, aes256),
  suite(0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384', rsa, aes256),
  suite(
    0xcca9,
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    ecdsa,
    chacha20,
  ),
  suite(0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305', rsa, chacha20),
  suite(
    0xd001,
    'TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256',
    'ECDHE-PSK-AES128-GCM-SHA256',
    { isEcdhe: true },
    aes128,
  ),
  suite(
    0xccac,
    'TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256',
    'ECDHE-PSK-CHACHA20-POLY1305',
    { isEcdhe: true },
    chacha20,
  ),
  suite(0x00a8, 'TLS_PSK_WITH_AES_128_GCM_SHA256', 'PSK-AES128-GCM-SHA256', { isEcdhe: false }, aes128),
  suite(0x00a9, 'TLS_PSK_WITH_AES_256_GCM_SHA384', 'PSK-AES256-GCM-SHA384', { isEcdhe: false }, aes256),
]

function suite(
  id: number,
  iana: string,
  openSsl: string,
  exchange: Pick<CipherSuite, 'isEcdhe' | 'signedBy'>,
  aead: Aead,
): CipherSuite {
  return {
    id,
    names: [iana, openSsl],
    ...exchange,
    hash: iana.endsWith('SHA384') ? 'sha384' : 'sha256',
    aead,
  }
}

/** Finds a suite by either of its names. */
export function findSuite(name: string): CipherSuite | undefined {
  return cipherSuites.find(({ names }) => names.includes(name.toUpperCase()))
}
