import type { ClientConfiguration } from '../../core/index.ts'

/** Whether calls of this configuration tell who we are: not for addresses that others chose. */
export function tellsIdentity({ auth, customHeaders, secureSocket }: ClientConfiguration): boolean {
  return auth !== undefined || customHeaders !== undefined || secureSocket?.key !== undefined
}

/** The same, for addresses that others chose. */
export function withoutIdentity(config: ClientConfiguration): ClientConfiguration {
  const { auth: _auth, customHeaders: _headers, secureSocket, ...rest } = config
  if (secureSocket === undefined) return rest
  const { key: _key, ...anonymous } = secureSocket
  return { ...rest, secureSocket: anonymous }
}
