/** Alerts (RFC 5246 §7.2, RFC 4279 §2, RFC 5746, RFC 6066) by name. */
const alerts = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  user_canceled: 90,
  no_renegotiation: 100,
  unsupported_extension: 110,
  unknown_psk_identity: 115,
} as const

export type AlertName = keyof typeof alerts

const names: ReadonlyMap<number, AlertName> = new Map(
  Object.entries(alerts).map(([name, code]) => [code, name as AlertName]),
)

/** How a connection ended, or why it never began. */
export class DtlsError extends Error {
  override readonly name = 'DtlsError'
  /** The alert that was sent or received; `timeout` where the other side fell silent. */
  readonly code: AlertName | 'timeout'
  /** Whether the other side said so. */
  readonly isFromPeer: boolean

  constructor(code: AlertName | 'timeout', detail: string, isFromPeer = false) {
    super(`${code}: ${detail}`)
    this.code = code
    this.isFromPeer = isFromPeer
  }
}

export interface Alert {
  readonly isFatal: boolean
  readonly name: AlertName | undefined
}

const fatal = 2
const warning = 1

/** Only these are warnings; every other alert ends the connection. */
const warnings: ReadonlySet<AlertName> = new Set(['close_notify', 'no_renegotiation'])

export function encodeAlert(name: AlertName): Buffer {
  return Buffer.of(warnings.has(name) ? warning : fatal, alerts[name])
}

/** Reads an alert; `undefined` for what is none. */
export function readAlert(bytes: Buffer): Alert | undefined {
  const [level, code] = bytes
  if (bytes.length !== 2 || code === undefined) return undefined
  return { isFatal: level === fatal, name: names.get(code) }
}
