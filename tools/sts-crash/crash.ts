import { fork } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hashArgon2id } from 'barre/crypto'
import { freePorts } from '../servers/child.ts'
import { runSession } from './session.ts'
import type { ChildProcess } from 'node:child_process'
import type { StsConfig } from '@barre/sts'
import type { RunningPostgresql } from '../servers/index.ts'
import type { Work } from './session.ts'

/** What was done, and what should not have happened. */
export interface Report {
  readonly rotations: number
  readonly issued: number
  readonly kills: number
  readonly storeKills: number
  readonly retried: number
  readonly seconds: number
  readonly faults: readonly string[]
}

/** Users who renew their tokens at the same time. */
const sessionsCount = 20
/** The service is killed after so many milliseconds, more or less. */
const lifeMaxMs = 4000
/** One of so many kills takes the data base along. */
const storeKillEvery = 5
const cheap = { memoryKib: 8, passes: 1, lanes: 1 }

/** Rotates refresh tokens and issues opaque ones while the service, and at times its data base, is killed. */
export async function crash(rotations: number, database?: RunningPostgresql): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'barre-sts-crash-'))
  const [port = 0] = await freePorts(1)
  const config = await toConfig(folder, port, database)
  const work: Work = {
    url: `http://127.0.0.1:${port}`,
    left: rotations,
    rotations: 0,
    issued: 0,
    retried: 0,
    faults: [],
  }
  const started = performance.now()
  let service = await startService(config)
  let [kills, storeKills] = [0, 0]
  const sessions = Promise.all(Array.from({ length: sessionsCount }, () => runSession(work)))
  for (;;) {
    const outcome = await Promise.race([sessions, delay(randomInt(lifeMaxMs), 'alive')])
    if (outcome !== 'alive') break
    await stop(service)
    kills++
    if (database !== undefined && kills % storeKillEvery === 0) {
      await database.kill()
      await database.restart()
      storeKills++
    }
    service = await startService(config)
  }
  await stop(service)
  rmSync(folder, { recursive: true })
  const seconds = (performance.now() - started) / 1000
  return { ...work, kills, storeKills, seconds }
}

async function toConfig(folder: string, port: number, database?: RunningPostgresql): Promise<StsConfig> {
  return {
    issuer: `http://127.0.0.1:${port}`,
    port,
    keysDirectory: join(folder, 'keys'),
    store:
      database === undefined
        ? { sqlite: { file: join(folder, 'sts.db') } }
        : {
            postgres: {
              host: '127.0.0.1',
              port: database.ports.postgresql,
              database: 'postgres',
              user: 'postgres',
            },
          },
    legacy: { passwordGrant: true },
    users: { fileUserStoreConfig: { users: [{ username: 'alice', password: await hash('wonderland') }] } },
    // Nothing but a rotation may refuse a token: neither time nor a limit.
    tokens: { opaqueAudiences: ['orders'], lifetimeSeconds: 86_400, refreshGraceSeconds: 300 },
    limits: { refusalsPerMinute: 1_000_000 },
    clients: [
      {
        clientId: 'app',
        secretHash: await hash('secret'),
        authenticationMethod: 'client_secret_post',
        grants: ['password', 'refresh_token'],
        scopes: [],
        audiences: ['orders'],
      },
    ],
  }
}

function hash(secret: string): Promise<string> {
  return hashArgon2id(secret, randomBytes(16), cheap)
}

async function startService(config: StsConfig): Promise<ChildProcess> {
  const child = fork(new URL('./service.ts', import.meta.url), [JSON.stringify(config)], {
    execArgv: ['--conditions=@barre/source'],
  })
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error('the service did not start')
    }),
  ])
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
