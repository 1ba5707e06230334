import { createCipheriv, createDecipheriv, hash } from 'node:crypto'
import { refuse } from '../oauth-error.ts'
import { tokenHash } from './access-token.ts'
import type { Services } from 'barre/core'
import type { Outcome } from '../oauth-error.ts'
import type { Family, FamilyContent, Store } from '../store/index.ts'

/** The times of refresh tokens, in seconds. */
export interface RefreshTimes {
  readonly lifetimeSeconds: number
  readonly idleSeconds: number
  readonly graceSeconds: number
}

/** Refresh tokens: each is used once, and brings the next of its family. */
export interface RefreshTokens {
  /** The first of a new family. */
  start(familyId: string, content: FamilyContent): Promise<string>
  /** The family of a token, whether it may still be used or not. */
  find(token: string): Promise<Family | undefined>
  /** Uses a token up; answers with its successor. */
  rotate(token: string): Promise<Outcome<string>>
  /** An id for a family. */
  newFamilyId(): string
}

const tokenBytes = 32
const familyIdBytes = 16

export function refreshTokens(
  store: Store,
  times: RefreshTimes,
  services: Pick<Services, 'now' | 'random'>,
): RefreshTokens {
  const random = (bytes: number): string => Buffer.from(services.random(bytes)).toString('base64url')
  return {
    newFamilyId: () => random(familyIdBytes),
    async start(id, content) {
      const nowMs = services.now()
      const token = random(tokenBytes)
      const expiresAtMs = nowMs + times.lifetimeSeconds * 1000
      const tokenExpiresAtMs = Math.min(nowMs + times.idleSeconds * 1000, expiresAtMs)
      await store.addFamily(
        { id, content, expiresAtMs },
        { hash: tokenHash(token), expiresAtMs: tokenExpiresAtMs },
      )
      return token
    },
    find: (token) => store.findFamily(tokenHash(token), services.now()),
    async rotate(token) {
      const successor = random(tokenBytes)
      const nowMs = services.now()
      const rotation = await store.rotate(
        tokenHash(token),
        {
          hash: tokenHash(successor),
          sealed: seal(successor, token, services),
          expiresAtMs: nowMs + times.idleSeconds * 1000,
        },
        nowMs,
        times.graceSeconds * 1000,
      )
      if (rotation.outcome === 'rotated') return { ok: true, value: successor }
      if (rotation.outcome === 'repeated') return { ok: true, value: unseal(rotation.sealed, token) }
      return refuse('invalid_grant', unusable, { detail: details[rotation.outcome] })
    },
  }
}

/** One text, whatever is wrong with a refresh token. */
export const unusable = 'The refresh token is invalid, expired or revoked.'

const details = {
  invalid: 'the refresh token is unknown, or its family is expired or revoked',
  late: 'the refresh token was used, and its successor too',
  reused: 'the refresh token was used before: its family is revoked now',
} as const

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/**
 * Encrypts a token so that only who has the one before can read it: the store alone, or stolen, gives no token away.
 */
function seal(successor: string, token: string, services: Pick<Services, 'random'>): string {
  const nonce = services.random(nonceBytes)
  const encryption = createCipheriv(cipher, sealingKey(token), nonce)
  const sealed = Buffer.concat([nonce, encryption.update(successor, 'latin1'), encryption.final()])
  return Buffer.concat([sealed, encryption.getAuthTag()]).toString('base64url')
}

function unseal(text: string, token: string): string {
  const sealed = Buffer.from(text, 'base64url')
  const decryption = createDecipheriv(cipher, sealingKey(token), sealed.subarray(0, nonceBytes))
  decryption.setAuthTag(sealed.subarray(-tagBytes))
  const opened = decryption.update(sealed.subarray(nonceBytes, -tagBytes))
  return Buffer.concat([opened, decryption.final()]).toString('latin1')
}

/** Of 256 random bits, so no slow derivation is needed; not the hash that the store has. */
function sealingKey(token: string): Buffer {
  return hash('sha256', `barre refresh successor\n${token}`, 'buffer')
}
