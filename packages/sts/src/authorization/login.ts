import { tokenHash } from '../tokens/access-token.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Desk } from '../desk.ts'
import type { AuthorizationRequest } from './request.ts'

/** What a browser that shows a login page is about to do. */
export interface Login {
  readonly request: AuthorizationRequest
  /** Of the pushed request that it came from: used up with the login. */
  readonly pushedHash?: string
}

/** How long a login page may stay open, in seconds. */
export const loginMaxSeconds = 600

const loginIdBytes = 16
const cookieBytes = 32
const loginIdForm = /^[\w-]{22}$/
const cookieForm = /^[\w-]{43}$/

/**
 * Begins a login. Its page has the id, the browser a cookie of its own for it: only both together find it again. So a
 * form that another site makes up, or a cookie that it plants, leads nowhere; and there is no session to fixate.
 */
export async function beginLogin(login: Login, desk: Desk, reply: FastifyReply): Promise<string> {
  const { services, store, issuer } = desk
  const id = Buffer.from(services.random(loginIdBytes)).toString('base64url')
  const cookie = Buffer.from(services.random(cookieBytes)).toString('base64url')
  const expiresAtMs = services.now() + loginMaxSeconds * 1000
  await store.addTicket({ kind: 'login', hash: toHash(id, cookie), content: login, expiresAtMs })
  reply.header('set-cookie', toCookie(id, cookie, loginMaxSeconds, issuer))
  return id
}

/** A login that was found again, and is not yet decided. */
export interface FoundLogin extends Login {
  readonly id: string
  readonly hash: string
}

/** The login that a form and its browser name; `undefined` when there is none, or no more. */
export async function findLogin(
  id: string | undefined,
  request: FastifyRequest,
  { store, services, issuer }: Desk,
): Promise<FoundLogin | undefined> {
  if (id === undefined || !loginIdForm.test(id)) return undefined
  const cookie = readCookie(cookieName(id, issuer), request.headers.cookie)
  if (cookie === undefined) return undefined
  const hash = toHash(id, cookie)
  const login = await store.readTicket('login', hash, services.now())
  return login === undefined ? undefined : { ...(login as Login), id, hash }
}

/** Ends a login; answers whether nobody did before. */
export async function endLogin({ id, hash }: FoundLogin, desk: Desk, reply: FastifyReply): Promise<boolean> {
  const { store, services, issuer } = desk
  reply.header('set-cookie', toCookie(id, '', 0, issuer))
  return (await store.useTicket('login', hash, services.now()))?.first === true
}

function toHash(id: string, cookie: string): string {
  return tokenHash(`${id}.${cookie}`)
}

/** RFC 6265bis §4.1.3.2: a name that only this host can set, and only over TLS. */
function cookieName(id: string, issuer: string): string {
  return `${issuer.startsWith('https:') ? '__Host-' : ''}sts-${id}`
}

function toCookie(id: string, value: string, maxAgeSeconds: number, issuer: string): string {
  const secure = issuer.startsWith('https:') ? '; Secure' : ''
  const name = cookieName(id, issuer)
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`
}

function readCookie(name: string, header = ''): string | undefined {
  const prefix = `${name}=`
  const values = header.split(/; */).filter((pair) => pair.startsWith(prefix))
  const value = values[0]?.slice(prefix.length)
  // Two of one name: one of them is not ours.
  return values.length === 1 && value !== undefined && cookieForm.test(value) ? value : undefined
}
