import { setTimeout as delay } from 'node:timers/promises'

/** What all sessions do together. */
export interface Work {
  readonly url: string
  /** Rotations to go. */
  left: number
  rotations: number
  /** Tokens that were issued beside rotations. */
  issued: number
  /** Requests whose answer was lost: sent again. */
  retried: number
  readonly faults: string[]
}

interface Tokens {
  readonly access: string
  readonly refresh: string
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** How long to wait for a service that is being restarted, in milliseconds. */
const pauseMs = 20
/** One of so many steps asks whether an earlier access token still counts. */
const lookEvery = 7

/** One user who logs in and renews, until all rotations are made. Every answer is held against those before. */
export async function runSession(work: Work): Promise<void> {
  let tokens = await login(work)
  let previous: string | undefined
  for (let step = 1; work.left > 0; step++) {
    work.left--
    const next = await rotate(work, tokens)
    if (next === undefined) {
      tokens = await login(work)
      previous = undefined
      continue
    }
    if (step % lookEvery === 0) await look(work, tokens.access)
    // The one before the last was used, and its successor too: it must open nothing any more.
    if (step % lookEvery === 3 && previous !== undefined) await mustBeRefused(work, previous)
    previous = tokens.refresh
    tokens = next
  }
}

async function login(work: Work): Promise<Tokens> {
  const { body } = await ask(work, '/oauth2/token', {
    grant_type: 'password',
    username: 'alice',
    password: 'wonderland',
  })
  work.issued++
  return toTokens(body)
}

/** Renews, now and then twice, as somebody does whose answer was lost. */
async function rotate(work: Work, { refresh }: Tokens): Promise<Tokens | undefined> {
  const form = { grant_type: 'refresh_token', refresh_token: refresh }
  const { status, body } = await ask(work, '/oauth2/token', form)
  if (status !== 200) {
    work.faults.push(`a refresh token that was handed out is refused: ${JSON.stringify(body)}`)
    return undefined
  }
  work.rotations++
  const tokens = toTokens(body)
  if (work.rotations % lookEvery === 0) {
    const again = await ask(work, '/oauth2/token', form)
    if (toTokens(again.body).refresh !== tokens.refresh) {
      work.faults.push(`a refresh token has two successors: ${again.status}`)
    }
  }
  return tokens
}

async function look(work: Work, token: string): Promise<void> {
  const { body } = await ask(work, '/oauth2/introspect', { token })
  if (body['active'] !== true) work.faults.push('an access token that was handed out is unknown')
}

async function mustBeRefused(work: Work, refresh: string): Promise<void> {
  const { status } = await ask(work, '/oauth2/token', { grant_type: 'refresh_token', refresh_token: refresh })
  if (status !== 400) work.faults.push(`a refresh token is valid twice: ${status}`)
}

/** Asks until there is an answer: the service may be down, and say so itself when only its data base is. */
async function ask(work: Work, path: string, form: Readonly<Record<string, string>>): Promise<Answer> {
  const body = new URLSearchParams({ client_id: 'app', client_secret: 'secret', ...form })
  for (;;) {
    try {
      const response = await fetch(work.url + path, { method: 'POST', body })
      if (response.status < 500 && response.status !== 429) {
        return { status: response.status, body: (await response.json()) as Answer['body'] }
      }
    } catch {
      // Nobody knows whether it was done.
    }
    work.retried++
    await delay(pauseMs)
  }
}

function toTokens(body: Answer['body']): Tokens {
  return { access: String(body['access_token']), refresh: String(body['refresh_token']) }
}
