import { ConnectError } from '@connectrpc/connect'
import type { Code } from '@connectrpc/connect'
import type { DenialCode, Refusal } from '../../core/index.ts'
import { refusalMetadata, rpcStatuses } from '../rpc/index.ts'

/** Connect's code and its message for each denial; the denial's detail stays with us. */
export const connectCodes: Readonly<Record<DenialCode, readonly [code: Code, message: string]>> = rpcStatuses

/** A refusal as an error, which Connect says in the protocol of the call. */
export function toConnectError(refusal: Refusal): ConnectError {
  const [code, message] = connectCodes[refusal.denial.code]
  const metadata = new Headers()
  for (const [name, value] of refusalMetadata(refusal)) metadata.append(name, value)
  return new ConnectError(message, code, metadata)
}
