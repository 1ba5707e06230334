import type { CredentialSource, Need } from '../../core/index.ts'
import { CredentialError, obtain } from '../fetch/index.ts'
import { FileError } from './file-error.ts'

/** A user name and a password, as file servers take them. */
export interface Login {
  readonly username: string
  readonly password: string
}

/** The login that a source has for a server. Throws FileError. */
export async function obtainLogin(source: CredentialSource, target: string): Promise<Login> {
  const need: Need = { method: 'CONNECT', target }
  const outgoing = await obtain(source, need).catch((cause: unknown) => {
    if (!(cause instanceof CredentialError)) throw cause
    const code = cause.code === 'unavailable' ? 'unavailable' : 'unauthenticated'
    throw new FileError(code, cause.message, { cause })
  })
  if (outgoing.kind === 'token') {
    throw new FileError('unauthenticated', 'this server takes a user name and a password, and no token')
  }
  return { username: outgoing.username, password: outgoing.password.reveal() }
}
