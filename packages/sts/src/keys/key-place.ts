import { ConfigError } from 'barre/core'
import { keyFolder } from './key-files.ts'
import { openKeyDevice } from './pkcs11/key-device.ts'
import type { Signer } from 'barre/jose'
import type { StsConfig } from '../config.ts'
import type { SigningAlgorithm } from './key-types.ts'

/** A signing key as the place that holds it shows it. */
export interface PlacedKey {
  readonly name: string
  readonly key: Signer
  /** When it was made, in milliseconds since the epoch. */
  readonly madeAtMs: number
}

/** Where signing keys are. All but `close` throw ConfigError. */
export interface KeyPlace {
  /** Every key, the oldest first. */
  read(): Promise<readonly PlacedKey[]>
  /** Makes a key, whole or not at all; answers with its name. */
  create(algorithm: SigningAlgorithm, nowMs: number): Promise<string>
  /** Deletes keys of our own making; those of an operator are the operator's. */
  remove(names: readonly string[]): Promise<void>
  /** Why the service does not make its very first key here by itself. */
  readonly firstKeyProblem?: ConfigError
  close(): void
}

/** The place that a configuration names: one of the two. */
export function openKeyPlace({
  keysDirectory: directory,
  keysPassword: password,
  pkcs11,
}: StsConfig): KeyPlace {
  if (pkcs11 !== undefined && directory === undefined && password === undefined) {
    return openKeyDevice(pkcs11, 'pkcs11')
  }
  if (directory !== undefined && pkcs11 === undefined) {
    return keyFolder({ directory, password, path: 'keysDirectory' })
  }
  throw new ConfigError(
    'keysDirectory',
    'expected keysDirectory, or pkcs11 alone: where the signing keys are',
  )
}
