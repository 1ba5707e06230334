// Why: what a directory's restart costs callers, and that none of them gets a wrong answer, shows under load only.
import { performance } from 'node:perf_hooks'
import { Secret } from '../../packages/barre/src/core/index.ts'
import { ldapUserStore } from '../../packages/barre/src/entries/listener.ts'
import type { Call, Provider } from '../../packages/barre/src/core/index.ts'
import { startDirectory } from './directory.ts'
import type { Directory } from './directory.ts'

const users = 100
const parallel = 50

const call: Call = {
  method: 'GET',
  target: '/',
  signal: new AbortController().signal,
  peer: { encrypted: true },
  metadata: () => [],
}

interface Answer {
  readonly endedAtMs: number
  /** `ok`, or the code of the denial. */
  readonly says: string
  readonly isWrong: boolean
}

/** Every third login has a wrong password. */
async function login(store: Provider, index: number): Promise<Answer> {
  const username = `user${index % users}`
  const isRight = index % 3 !== 0
  const password = new Secret(`${username}-${isRight ? 'right' : 'wrong'}`)
  const result = await store.verify({ username, password }, call)
  const says = result.ok ? 'ok' : result.denial.code
  const mayBe = ['unavailable', isRight ? 'ok' : 'invalid']
  const isSomebodyElse = result.ok && result.value.principal.username !== username
  return { endedAtMs: performance.now(), says, isWrong: isSomebodyElse || !mayBe.includes(says) }
}

/** Keeps logins under way until `isOver`. */
async function flood(store: Provider, isOver: (started: number) => boolean): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  let started = 0
  const work = async (): Promise<void> => {
    while (!isOver(started)) answers.push(await login(store, started++))
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return answers
}

/** Prints how long many logins take over the pool, and what a crash and a restart of the directory does to them. */
export async function loadDirectory(tries: number): Promise<void> {
  const directory = await startDirectory(users)
  const store = ldapUserStore(directory.config)
  const startMs = performance.now()
  const answers = await flood(store, (started) => started >= tries)
  const seconds = (performance.now() - startMs) / 1000
  console.log(
    `${answers.length} logins, ${parallel} at once, in ${seconds.toFixed(1)} s: ${summary(answers)}`,
  )
  await crash(directory, store)
  await store.close?.()
  await directory.stop()
}

async function crash({ server }: Directory, store: Provider): Promise<void> {
  let isOver = false
  const answers = flood(store, () => isOver)
  await warm(store)
  await server.kill()
  const downAtMs = performance.now()
  await warm(store)
  await server.restart()
  const upAtMs = performance.now()
  await warm(store)
  isOver = true
  const all = await answers
  const good = all.find(({ endedAtMs, says }) => endedAtMs > downAtMs && says !== 'unavailable')
  const recovery = good === undefined ? 'never' : `${Math.max(0, good.endedAtMs - upAtMs).toFixed(0)} ms`
  console.log(
    `killed and restarted under load: ${summary(all)}; first good answer ${recovery} after the start`,
  )
}

/** A while of this machine's own making: some logins one after the other. */
async function warm(store: Provider): Promise<void> {
  for (let index = 0; index < 100; index++) await login(store, index)
}

function summary(answers: readonly Answer[]): string {
  const counts = new Map<string, number>()
  for (const { says } of answers) counts.set(says, (counts.get(says) ?? 0) + 1)
  const parts = [...counts].map(([says, count]) => `${count} ${says}`)
  return `${parts.join(', ')}, ${answers.filter(({ isWrong }) => isWrong).length} wrong answers`
}
