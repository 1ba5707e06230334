// Why: an unknown user must cost what a wrong password costs; only many tries show whether it is so.
import { randomBytes, randomInt } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { allowPlainPasswords, Secret } from '../../packages/barre/src/core/index.ts'
import { fileUserStore, ldapUserStore } from '../../packages/barre/src/entries/listener.ts'
import type { Call, Provider } from '../../packages/barre/src/core/index.ts'
import { isInstalled, openLdap } from '../servers/index.ts'
import { storedPasswords } from './passwords.ts'
import { startDirectory } from './directory.ts'
import { summarise, welch } from './statistics.ts'

/** Prints the t between unknown users and wrong passwords, of each kind of store. */
export async function timeLogins(tries: number): Promise<void> {
  const stored = await storedPasswords()
  for (const [name, password] of Object.entries(stored)) {
    await report(name, toStore([password]), tries)
  }
  await report('mixed', toStore(Object.values(stored).slice(0, 5)), tries)
  if (!isInstalled(openLdap)) return
  const directory = await startDirectory(2)
  const store = ldapUserStore(directory.config)
  await report('LDAP (OpenLDAP)', store, tries)
  await store.close?.()
  await directory.stop()
}

/** Two users of each form, so that the one who is asked about is not always the same. */
function toStore(passwords: readonly string[]): Provider {
  const users = passwords.flatMap((password, form) =>
    [0, 1].map((index) => ({ username: `user${2 * form + index}`, password })),
  )
  return fileUserStore({ users, loginThrottle: false, [allowPlainPasswords]: true })
}

async function report(name: string, store: Provider, tries: number): Promise<void> {
  const users = name === 'mixed' ? 10 : 2
  const samples = { unknown: [] as number[], wrong: [] as number[] }
  await attempt(store, 'user0')
  for (let count = 0; count < tries; count++) {
    const kind = randomInt(2) === 0 ? 'unknown' : 'wrong'
    const index = randomInt(users)
    samples[kind].push(await attempt(store, kind === 'wrong' ? `user${index}` : `nobo${index}`))
  }
  const [unknown, wrong] = [summarise(samples.unknown), summarise(samples.wrong)]
  const t = welch(unknown, wrong)
  const figures = [unknown, wrong].map(({ mean, median }) => `${mean.toFixed(4)} / ${median.toFixed(4)}`)
  console.log(
    `${name.padEnd(18)} t ${t.toFixed(2).padStart(7)}   ms, mean / median: unknown ${figures.join(', wrong ')}`,
  )
}

/** How long a refusal takes, in milliseconds. */
async function attempt(store: Provider, username: string): Promise<number> {
  const password = new Secret(randomBytes(8).toString('hex'))
  const start = performance.now()
  const result = await store.verify({ username, password }, call)
  const took = performance.now() - start
  if (result.ok || result.denial.code !== 'invalid') throw new Error(`expected a wrong login of ${username}`)
  return took
}

const call: Call = {
  method: 'GET',
  target: '/',
  signal: new AbortController().signal,
  peer: { encrypted: true },
  metadata: () => [],
}
