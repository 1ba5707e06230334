import { readFileSync } from 'node:fs'
import {
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node'
import type { Auth, Authenticator } from '@nats-io/transport-node'
import { ConfigError, isRecord, Secret } from '../../core/index.ts'
import type { Outgoing, Services } from '../../core/index.ts'
import { keepCredential } from '../messages/index.ts'
import { credsFileShape, nkeyShape } from './config.ts'
import { watchCreds } from './creds-file.ts'

/** How a connection proves itself, each time that it is made. */
export interface NatsIdentity {
  readonly authenticator?: Authenticator
  /** The server refused what it was shown. */
  refused(): void
  close(): Promise<void>
}

/** `onRenewal`: the credential of the open connection ends, and there is another one. */
export async function toIdentity(
  auth: unknown,
  target: string,
  services: Services,
  onRenewal: () => void,
): Promise<NatsIdentity> {
  if (auth === undefined) return { refused: ignore, close: () => Promise.resolve() }
  if (isRecord(auth) && 'credsFile' in auth) {
    const { credsFile } = credsFileShape.check(auth, 'auth')
    const stop = watchCreds(credsFile, 'auth.credsFile', services, onRenewal)
    return {
      authenticator: credsAuthenticator(() => readFileSync(credsFile)),
      refused: ignore,
      close: async () => stop(),
    }
  }
  if (isRecord(auth) && 'nkeySeed' in auth) {
    const { nkeySeed } = nkeyShape.check(auth, 'auth')
    return { authenticator: toNkey(nkeySeed), refused: ignore, close: () => Promise.resolve() }
  }
  const source = services.credentialSource(auth, 'auth')
  const kept = await keepCredential(source, { method: 'CONNECT', target }, services, onRenewal)
  return {
    authenticator: (nonce) => authenticateWith(kept.current())(nonce),
    refused: () => kept.refused(),
    close: () => kept.close(),
  }
}

function ignore(): void {}

function authenticateWith(outgoing: Outgoing): (nonce?: string) => Auth {
  return outgoing.kind === 'password'
    ? usernamePasswordAuthenticator(outgoing.username, outgoing.password.reveal())
    : tokenAuthenticator(outgoing.token.reveal())
}

function toNkey(nkeySeed: string | Secret): Authenticator {
  const seed = typeof nkeySeed === 'string' ? new Secret(nkeySeed) : nkeySeed
  const authenticator = nkeyAuthenticator(Buffer.from(seed.reveal()))
  try {
    authenticator('a nonce')
  } catch {
    throw new ConfigError('auth.nkeySeed', 'expected the seed of an NKey, which begins with SU')
  }
  return authenticator
}
