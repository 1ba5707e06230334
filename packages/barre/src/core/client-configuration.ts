import type { allowInsecureEndpoint, allowUnstapled } from './insecure.ts'

/** A certificate chain and its private key, as PEM files. */
export interface CertKey {
  /** PEM file: the certificate, then its intermediates. */
  readonly certFile: string
  /** PEM file: PKCS#8, PKCS#1 or SEC1. */
  readonly keyFile: string
  readonly keyPassword?: string
}

/** A PKCS#12 or JKS store that holds a key or trusted certificates. */
export interface Store {
  readonly path: string
  readonly password: string
}

export interface TlsProtocol {
  readonly name: 'SSL' | 'TLS' | 'DTLS'
  /** `TLSv1.2`, `TLSv1.3`; empty means both. */
  readonly versions?: readonly string[]
}

/** How it is known that a server's certificate was not revoked: by the OCSP response that the server staples. */
export interface CertValidation {
  /** Default and only one that is supported: `OCSP_STAPLING`. */
  readonly type?: 'OCSP_CRL' | 'OCSP_STAPLING'
  /** How many responses are kept. */
  readonly cacheSize: number
  /** Seconds until a kept response is asked for anew (listener), or its signature verified anew (client). */
  readonly cacheValidityPeriod: number
}

/** Of a listener. */
export interface ListenerCertValidation extends CertValidation {
  /** DER file of the response to staple; absent: the responder that the certificate names is asked. */
  readonly responseFile?: string
}

/** Of an outgoing connection: a server that staples no response, or one that is not good, is refused. */
export interface ClientCertValidation extends CertValidation {
  /** True: a server may staple nothing, unless its certificate says that it will. */
  readonly [allowUnstapled]?: boolean
}

/** TLS of an outgoing connection (Ballerina's `ClientSecureSocket`). */
export interface ClientSecureSocket {
  /** False: no validation of the peer at all; needs `[allowInsecureEndpoint]: true` beside it. */
  readonly enable?: boolean
  /** Trusted certificates: a PEM file, or a PKCS#12 or JKS trust store. Absent: the system's. */
  readonly cert?: string | Store
  /** Our own certificate, for mutual TLS. */
  readonly key?: CertKey | Store
  readonly protocol?: TlsProtocol
  readonly certValidation?: ClientCertValidation
  /** OpenSSL or IANA cipher names. */
  readonly ciphers?: readonly string[]
  /** Default true; false needs a `cert` of its own to trust, or `[allowInsecureEndpoint]: true`. */
  readonly verifyHostName?: boolean
  /** Default true. */
  readonly shareSession?: boolean
  /** Seconds. */
  readonly handshakeTimeout?: number
  /** Seconds. */
  readonly sessionTimeout?: number
  /** Server name indication; default the URL's host. */
  readonly serverName?: string
  readonly [allowInsecureEndpoint]?: boolean
}

/** TLS of a listener (Ballerina's `ListenerSecureSocket`). */
export interface ListenerSecureSocket {
  readonly key: CertKey | Store
  /** Mutual TLS: who signs the clients' certificates, and whether one must be shown (default REQUIRE). */
  readonly mutualSsl?: { readonly verifyClient?: 'REQUIRE' | 'OPTIONAL'; readonly cert: string | Store }
  readonly protocol?: TlsProtocol
  readonly certValidation?: ListenerCertValidation
  readonly ciphers?: readonly string[]
  /** Default true. */
  readonly shareSession?: boolean
  /** Seconds. */
  readonly handshakeTimeout?: number
  /** Seconds. */
  readonly sessionTimeout?: number
}

/** How to call an endpoint: a JWKS, a token endpoint, an introspection endpoint. */
export interface ClientConfiguration {
  /** Default `HTTP_1_1`. */
  readonly httpVersion?: 'HTTP_1_1' | 'HTTP_2'
  readonly secureSocket?: ClientSecureSocket
  readonly customHeaders?: Readonly<Record<string, string>>
  /** A client `auth` record: our identity towards this endpoint. */
  readonly auth?: unknown
  /** Seconds; default 5. */
  readonly connectTimeout?: number
  /** Seconds for the whole exchange, body included; default 5. */
  readonly reqTimeout?: number
  /** Plain http off loopback is refused without it. */
  readonly [allowInsecureEndpoint]?: boolean
}
