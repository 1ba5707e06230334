import type { ClientConfiguration } from '../../core/index.ts'

/** Whether calls of this configuration tell who we are: not for addresses that others chose. */
export function tellsIdentity({ auth, customHeaders, secureSocket }: ClientConfiguration): boolean {
  return auth !== undefined || customHeaders !== undefined || secureSocket?.key !== undefined
}
