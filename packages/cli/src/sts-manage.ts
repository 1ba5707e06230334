import { manageSts, stsShape } from '@barre/sts'
import { systemClock } from 'barre/core'
import { loadConfig } from './load-config.ts'
import { jsonLog } from './serve.ts'
import { orFail } from './terms.ts'
import type { StsConfig, StsManagement } from '@barre/sts'
import type { Services } from 'barre/core'
import { UsageError } from './verb.ts'
import type { Io, VerbInput } from './verb.ts'

/** What the verbs that manage a token service hand to it. */
export function managingServices(io: Io): Pick<Services, 'now' | 'log'> {
  return { now: systemClock, log: jsonLog(io) }
}

/** Does something to the token service that the options name, beside a running one. */
export async function withSts<T>(
  input: VerbInput,
  io: Io,
  work: (sts: StsManagement, config: StsConfig) => Promise<T>,
): Promise<T> {
  const config = await loadConfig(input, io, stsShape)
  const sts = await orFail(manageSts(config, managingServices(io)))
  try {
    return await orFail(work(sts, config))
  } finally {
    await sts.close()
  }
}

/** The one word ID. */
export function requiredClientId({ positionals: [clientId] }: VerbInput): string {
  if (clientId === undefined) throw new UsageError('ID is required')
  return clientId
}
