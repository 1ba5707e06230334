import { Agent, request } from 'undici'
import type { CallerName, Step } from './steps.ts'

/** Where the walk goes, and with what. */
export interface Ground {
  readonly urls: Readonly<Record<Step['to'], string>>
  readonly tokens: Readonly<Record<CallerName, string>>
  /** PEM of the CA that signed every service's certificate. */
  readonly ca: string
}

export interface Outcome {
  readonly step: Step
  readonly found: number | 'no connection'
  readonly asExpected: boolean
}

/** Takes every step in order, calling back with what came of it. */
export async function walk(
  steps: readonly Step[],
  ground: Ground,
  onStep: (outcome: Outcome) => void,
): Promise<void> {
  const dispatcher = new Agent({ connect: { ca: ground.ca } })
  try {
    for (const step of steps) {
      const found = await take(step, ground, dispatcher)
      onStep({ step, found, asExpected: found === step.expected })
    }
  } finally {
    await dispatcher.close()
  }
}

async function take(step: Step, ground: Ground, dispatcher: Agent): Promise<number | 'no connection'> {
  const url = ground.urls[step.to] + step.path
  try {
    const { statusCode, body } = await request(url, {
      dispatcher,
      method: step.method,
      headers: {
        ...(step.body !== undefined && { 'content-type': 'application/json' }),
        ...(step.as !== undefined && { authorization: `Bearer ${ground.tokens[step.as]}` }),
      },
      ...(step.body !== undefined && { body: JSON.stringify(step.body) }),
    })
    await body.dump()
    return statusCode
  } catch (error) {
    if (isHandshakeFailure(error)) return 'no connection'
    throw error
  }
}

/** TLS 1.3 reports a missing client certificate as an alert on the first read; TLS 1.2 during the handshake. */
function isHandshakeFailure(error: unknown): boolean {
  const code = (error as { code?: string }).code ?? ''
  return code.startsWith('ERR_SSL_') || code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'
}
