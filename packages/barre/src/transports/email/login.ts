import { ConfigError } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing, Secret } from '../../core/index.ts'
import { isSame, obtain } from '../fetch/index.ts'

/** What a mail server is shown to know us. */
export interface Login {
  readonly kind: 'password' | 'token'
  readonly username: string
  readonly secret: Secret
  /** When it ends, in milliseconds since the epoch; absent: nobody knows of an end. */
  readonly endsAtMs?: number
}

/** The server does not take the credential that it was shown; `cause` is what it said. */
export class LoginRefusedError extends Error {
  override readonly name = 'LoginRefusedError'
  readonly code = 'ELOGINREFUSED'
}

/**
 * Shows the server a login of the source; a token that it refuses is renewed, and shown once more. `show` throws
 * LoginRefusedError. Throws CredentialError where there is no credential.
 */
export async function presentLogin<T>(
  source: CredentialSource,
  { username, target }: { readonly username: string | undefined; readonly target: string },
  show: (login: Login) => Promise<T>,
): Promise<T> {
  const need: Need = { method: 'CONNECT', target }
  const shown = await obtain(source, need)
  try {
    return await show(toLogin(shown, username))
  } catch (error) {
    if (!(error instanceof LoginRefusedError)) throw error
    const renewed = await source.credential({ ...need, refused: { credential: shown, metadata: () => [] } })
    if (!renewed.ok || isSame(renewed.value, shown)) throw error
    return show(toLogin(renewed.value, username))
  }
}

function toLogin(outgoing: Outgoing, username: string | undefined): Login {
  if (outgoing.kind === 'password') {
    return checked({ kind: 'password', username: outgoing.username, secret: outgoing.password })
  }
  const { token, scheme, expiresAtSeconds } = outgoing
  if (scheme !== 'Bearer') throw new ConfigError('auth', `a ${scheme} token cannot be sent to a mail server`)
  if (username === undefined) {
    throw new ConfigError('username', 'required with a token: it says whose mailbox is opened')
  }
  return checked({
    kind: 'token',
    username,
    secret: token,
    ...(expiresAtSeconds !== undefined && { endsAtMs: expiresAtSeconds * 1000 }),
  })
}

/** A line break or NUL would end the field that it stands in, and begin another. */
function checked(login: Login): Login {
  for (const [field, value] of [
    ['username', login.username],
    ['auth', login.secret.reveal()],
  ] as const) {
    // oxlint-disable-next-line no-control-regex
    if (/[\u0000-\u001f\u007f]/.test(value))
      throw new ConfigError(field, 'a control character cannot be sent')
  }
  return login
}
