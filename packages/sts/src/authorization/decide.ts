import { refuse as deny } from 'barre/core'
import { addressOf } from '../endpoints/caller.ts'
import { tokenHash } from '../tokens/access-token.ts'
import { parseForm } from '../form.ts'
import { refuse } from '../oauth-error.ts'
import { redirect, refusePage, sendPage } from './browser.ts'
import { endLogin, findLogin } from './login.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Denial, Result } from 'barre/core'
import type { Client } from '../clients/client.ts'
import type { Desk } from '../desk.ts'
import type { Form } from '../form.ts'
import type { CodeContent } from '../grants/authorization-code.ts'
import type { Outcome } from '../oauth-error.ts'
import type { User } from '../users.ts'
import type { Answer } from './browser.ts'
import type { FoundLogin } from './login.ts'
import type { AuthorizationRequest } from './request.ts'

const isOver = 'This login is over: return to where you came from, and start again.'

/** Takes what the login page sends: who the user is, and what they decide. */
export async function decide(
  request: FastifyRequest,
  reply: FastifyReply,
  desk: Desk,
): Promise<FastifyReply> {
  const read = await readDecision(request, desk)
  if (!read.ok) return refusePage(reply, read.refusal.description)
  const { form, login, client } = read.value
  const { redirectUri, state } = login.request
  if (form.get('decision') !== 'allow') {
    await endLogin(login, desk, reply)
    return redirect(reply, redirectUri, desk, { error: 'access_denied', state })
  }
  const user = await logIn(form, request, desk, client)
  if (!user.ok) {
    const { status, problem } = toProblem(user.denial)
    if (status === 429) reply.header('retry-after', String(user.denial.retryAfterSeconds ?? 1))
    return sendPage(reply, status, client, login.id, login.request, problem)
  }
  const isFirst = (await endLogin(login, desk, reply)) && (await usePushed(login, desk))
  if (!isFirst) return refusePage(reply, isOver)
  return redirect(reply, redirectUri, desk, await answerFor(user.value, login.request, client, desk))
}

interface Decision {
  readonly form: Form
  readonly login: FoundLogin
  readonly client: Client
}

async function readDecision(request: FastifyRequest, desk: Desk): Promise<Outcome<Decision>> {
  const form = Buffer.isBuffer(request.body) ? parseForm(request.body) : undefined
  if (form?.ok !== true || !isFromHere(request, desk.issuer)) {
    return refuse('invalid_request', 'The form did not come from this page.')
  }
  const login = await findLogin(form.value.get('login'), request, desk)
  const client = login && (await desk.clients.find(login.request.clientId))
  if (login === undefined || client === undefined) return refuse('invalid_request', isOver)
  return { ok: true, value: { form: form.value, login, client } }
}

/** RFC 6454, Fetch metadata: a browser says where a form came from; one that does not still needs the cookie. */
function isFromHere({ headers }: FastifyRequest, issuer: string): boolean {
  const site = headers['sec-fetch-site']
  return (headers.origin ?? issuer) === issuer && (site === undefined || site === 'same-origin')
}

async function logIn(
  form: Form,
  request: FastifyRequest,
  desk: Desk,
  { clientId }: Client,
): Promise<Result<User>> {
  const { users, audit, metrics } = desk
  const address = addressOf(request, desk)
  const username = form.get('username') ?? ''
  const result = (await users?.login(username, form.get('password') ?? '', address)) ?? noUsers
  const subject = result.ok ? result.value.id : undefined
  const error = result.ok ? undefined : result.denial.code
  audit.write({ event: 'login', clientId, address, subject, error })
  metrics.count('barre_sts_logins_total', { outcome: error ?? 'ok' })
  return result
}

const noUsers = deny('unavailable', 'no users are configured any more')

/** What a user reads, with the status of the page. */
function toProblem({ code }: Denial): { readonly status: number; readonly problem: string } {
  if (code === 'throttled') return { status: 429, problem: 'Too many attempts: try again later.' }
  if (code === 'unavailable')
    return { status: 503, problem: 'Logging in is not possible just now: try again.' }
  return { status: 400, problem: 'The user name or the password is wrong.' }
}

async function usePushed({ pushedHash }: FoundLogin, { store, services }: Desk): Promise<boolean> {
  if (pushedHash === undefined) return true
  return (await store.useTicket('pushed', pushedHash, services.now()))?.first !== false
}

const codeBytes = 32
const familyIdBytes = 16

/** A code for what the user may do of what was asked; none where that is nothing. */
async function answerFor(
  user: User,
  { state, scopes: asked, ...request }: AuthorizationRequest,
  { scopes: allowed }: Client,
  { services, store, codeLifetimeSeconds }: Desk,
): Promise<Answer> {
  const scopes = asked.filter((scope) => allowed.has(scope) && user.scopes.has(scope))
  if (asked.length > 0 && scopes.length === 0) {
    const error_description = 'The user may do nothing of what was asked for.'
    return { error: 'access_denied', error_description, state }
  }
  const random = (bytes: number): string => Buffer.from(services.random(bytes)).toString('base64url')
  const code = random(codeBytes)
  const content: CodeContent = { ...request, scopes, subject: user.id, familyId: random(familyIdBytes) }
  const expiresAtMs = services.now() + codeLifetimeSeconds * 1000
  await store.addTicket({ kind: 'code', hash: tokenHash(code), content, expiresAtMs })
  return { code, state }
}
