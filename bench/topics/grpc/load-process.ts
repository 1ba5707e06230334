// The load: proves that the guard guards, then calls with every token in turn, twenty at a time; asked for a number of
// seconds, it answers with the number of calls that were served.
import { readFileSync } from 'node:fs'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { awake } from '../../runner/awake.ts'
import type { ServiceError } from '@grpc/grpc-js'
import type { Issued } from '../jwt/tokens.ts'
import { method } from './services.ts'

const parallel = 20

const [file = '', port, guarded] = process.argv.slice(2)
const { tokens, refused } = JSON.parse(readFileSync(file, 'utf8')) as Issued
const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
if (guarded === 'guarded') await assertGuards()
process.send?.('ready')
process.on('message', (seconds) => void serve(Number(seconds)))

async function serve(seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000
  let next = 0
  let served = 0
  const work = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const error = await call(tokens[next++ % tokens.length])
      if (error !== null) throw error
      served++
    }
  }
  await awake(Promise.all(Array.from({ length: parallel }, work)))
  process.send?.(served)
}

async function assertGuards(): Promise<void> {
  if ((await call(undefined)) === null) throw new Error('serves a call without a token')
  for (const [reason, token] of Object.entries(refused)) {
    if ((await call(token)) === null) throw new Error(`serves a call with ${reason}`)
  }
  if ((await call(tokens[0])) !== null) throw new Error('refuses a good token')
}

function call(token: string | undefined): Promise<ServiceError | null> {
  const metadata = new Metadata()
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`)
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      {},
      metadata,
      resolve,
    )
  })
}
