import { allowInsecureEndpoint, allowUnstapled } from './insecure.ts'
import { either, flag, list, number, oneOf, optional, record, table, text } from './shape.ts'
import type {
  CertKey,
  CertValidation,
  ClientCertValidation,
  ClientConfiguration,
  ClientSecureSocket,
  ListenerCertValidation,
  ListenerSecureSocket,
  Store,
  TlsProtocol,
} from './client-configuration.ts'
import type { Shape } from './shape.ts'

/** The longest time-out that can be configured, in seconds: a day. */
const timeoutMaxSeconds = 86_400

const certKey = record<CertKey>({ certFile: text(), keyFile: text(), keyPassword: optional(text()) })
const store = record<Store>({ path: text(), password: text() })
const protocol = record<TlsProtocol>({ name: oneOf('SSL', 'TLS', 'DTLS'), versions: optional(list(text())) })
const certValidation = {
  type: optional(oneOf<NonNullable<CertValidation['type']>>('OCSP_CRL', 'OCSP_STAPLING')),
  cacheSize: number({ integer: true, min: 1, max: 100_000 }),
  cacheValidityPeriod: seconds(),
}

export const clientSecureSocketShape: Shape<ClientSecureSocket> = record<ClientSecureSocket>({
  enable: optional(flag()),
  cert: optional(either(text(), store)),
  key: optional(either(certKey, store)),
  protocol: optional(protocol),
  certValidation: optional(
    record<ClientCertValidation>({ ...certValidation, [allowUnstapled]: optional(flag()) }),
  ),
  ciphers: optional(list(text(), 1)),
  verifyHostName: optional(flag()),
  shareSession: optional(flag()),
  handshakeTimeout: optional(seconds()),
  sessionTimeout: optional(seconds()),
  serverName: optional(text()),
  [allowInsecureEndpoint]: optional(flag()),
})

export const listenerSecureSocketShape: Shape<ListenerSecureSocket> = record<ListenerSecureSocket>({
  key: either(certKey, store),
  mutualSsl: optional(
    record<NonNullable<ListenerSecureSocket['mutualSsl']>>({
      verifyClient: optional(oneOf('REQUIRE', 'OPTIONAL')),
      cert: either(text(), store),
    }),
  ),
  protocol: optional(protocol),
  certValidation: optional(
    record<ListenerCertValidation>({ ...certValidation, responseFile: optional(text()) }),
  ),
  ciphers: optional(list(text(), 1)),
  shareSession: optional(flag()),
  handshakeTimeout: optional(seconds()),
  sessionTimeout: optional(seconds()),
})

export const clientConfigurationShape: Shape<ClientConfiguration> = record<ClientConfiguration>({
  httpVersion: optional(oneOf('HTTP_1_1', 'HTTP_2')),
  secureSocket: optional(clientSecureSocketShape),
  customHeaders: optional(table(text())),
  // The registry of client kinds checks it: core knows no kind.
  auth: optional<unknown>({ check: (value) => value, json: { type: 'object' } }),
  connectTimeout: optional(seconds()),
  reqTimeout: optional(seconds()),
  [allowInsecureEndpoint]: optional(flag()),
})

function seconds(): Shape<number> {
  return number({ min: 0.001, max: timeoutMaxSeconds, unit: 'seconds' })
}
