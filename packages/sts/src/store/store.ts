import type { Awaitable } from 'barre/core'
import type { TokenContent } from '../tokens/access-token.ts'

/** A client as it is stored: the members of a ClientConfig, and whether it is disabled. */
export interface StoredClient {
  readonly clientId: string
  /** JSON; equal text means an equal client. */
  readonly record: string
}

/** What has a name that only its holder knows, for a while: an authorization code, a pushed request, a login. */
interface Ticket {
  readonly kind: TicketKind
  /** Of its name. */
  readonly hash: string
  readonly content: unknown
  readonly expiresAtMs: number
}

type TicketKind = 'code' | 'pushed' | 'login'

/** All tokens that come from one grant: whoever revokes it revokes them all. */
export interface Family {
  readonly id: string
  readonly content: FamilyContent
  /** The end of its last refresh token, however often it is renewed. */
  readonly expiresAtMs: number
}

/** What every token of a family may say at most. */
export interface FamilyContent extends Omit<TokenContent, 'notAfterSeconds' | 'family'> {
  /** RFC 9449 §5: the key that the refresh tokens of a public client are bound to. */
  readonly refreshKey?: string
}

/** A refresh token as the store knows it. */
interface RefreshToken {
  readonly hash: string
  readonly expiresAtMs: number
}

/** A refresh token that is about to take the place of another one. */
export interface Successor extends RefreshToken {
  /** The token itself, encrypted with a key that only the holder of the one before can make. */
  readonly sealed: string
}

/** What became of a rotation. */
export type Rotation =
  | { readonly outcome: 'rotated' }
  /** The answer may have been lost: within the grace window the same successor again. */
  | { readonly outcome: 'repeated'; readonly sealed: string }
  /** Within the grace window, but the successor was used: the answer was not lost. */
  | { readonly outcome: 'late' }
  /** Used twice: the family is revoked. */
  | { readonly outcome: 'reused' }
  | { readonly outcome: 'invalid' }

/** What the service must not forget. Whatever resolves is durable, and each method is one transaction. */
export interface Store {
  findClient(clientId: string): Awaitable<StoredClient | undefined>
  listClients(): Promise<readonly StoredClient[]>
  /** Answers whether the name was free. */
  addClient(client: StoredClient): Promise<boolean>
  /** Puts a record in the place of `before`; answers whether that was still there. */
  replaceClient(client: StoredClient, before: string): Promise<boolean>

  addTicket(ticket: Ticket): Promise<void>
  /** Looks at a ticket that was not used. */
  readTicket(kind: TicketKind, hash: string, nowMs: number): Promise<unknown>
  /** Uses a ticket up. `first`: nobody has before. */
  useTicket(
    kind: TicketKind,
    hash: string,
    nowMs: number,
  ): Promise<{ readonly content: unknown; readonly first: boolean } | undefined>

  addFamily(family: Family, token: RefreshToken): Promise<void>
  /** The family of a refresh token, rotated or not, unless either has expired or the family is revoked. */
  findFamily(refreshHash: string, nowMs: number): Promise<Family | undefined>
  rotate(hash: string, successor: Successor, nowMs: number, graceMs: number): Promise<Rotation>

  addAccessToken(hash: string, content: object, expiresAtMs: number): Promise<void>
  findAccessToken(hash: string, nowMs: number): Promise<object | undefined>

  /** Revokes a token by its id, or a family by its own. */
  revoke(id: string, expiresAtMs: number): Promise<void>
  isRevoked(ids: readonly string[]): Promise<boolean>

  /** Answers whether the id is new; it is known until it expires. */
  remember(id: string, nowMs: number, expiresAtMs: number): Promise<boolean>

  /** Deletes what has expired; answers with the number of rows. */
  prune(nowMs: number): Promise<number>
  /** Whether the data base answers. */
  ready(): Promise<boolean>
  backup(file: string): Promise<void>
  close(): Promise<void>
}
