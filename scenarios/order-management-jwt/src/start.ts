// `npm start`: the order management system on throw-away certificates, every call of the article against it, then curl.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { tokenLifetimeSeconds } from './external-issuer.ts'
import { fixedPorts, freePorts } from './ports.ts'
import { honestCallers, steps } from './steps.ts'
import { startSystem } from './system.ts'
import type { System } from './system.ts'
import { walk } from './walk.ts'
import type { Outcome } from './walk.ts'

const usage = 'usage: npm start -- [--once] [--ports free|fixed]'

/** What the command line asks for; `undefined` when it cannot be understood, which has been said. */
function readArguments(): { once: boolean; fixed: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: { once: { type: 'boolean' }, ports: { type: 'string', default: 'free' } },
    })
    const { ports } = values
    if (ports === 'free' || ports === 'fixed') return { once: values.once ?? false, fixed: ports === 'fixed' }
    console.error(`--ports is free or fixed\n${usage}`)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
  return undefined
}

function print({ step, found, asExpected }: Outcome): void {
  const request = `${step.method} ${step.path}`.padEnd(24)
  const verdict = asExpected ? '✓' : `✗ expected ${step.expected}`
  console.log(`${request} ${String(found).padEnd(14)} ${verdict}  ${step.title} (${step.to})`)
}

/** Writes one file of tokens per honest caller, readable by their owner only. */
async function writeTokens(system: System): Promise<void> {
  const tokens = await system.issueTokens()
  for (const caller of honestCallers) {
    writeFileSync(join(system.directory, `${caller}.header`), `Authorization: Bearer ${tokens[caller]}\n`, {
      mode: 0o600,
    })
  }
}

function printCurl({ urls, directory, caFile }: System): void {
  const curl = `curl --cacert ${caFile}`
  const json = `-H 'Content-Type: application/json'`
  const order = `'{"id":"7","name":"Mine","items":[{"category":"books","code":"978-1617295959","qty":1}]}'`
  console.log(`
The system keeps running; Ctrl-C ends it. Tokens lie in ${directory}, renewed before they expire. For example:

  ${curl} -H @${directory}/counter.header ${json} -d ${order} ${urls.gateway}/order
  ${curl} ${urls.gateway}/order/7
  ${curl} -X DELETE -H @${directory}/counter.header ${urls.gateway}/order/7
  ${curl} -X DELETE -H @${directory}/admin.header ${urls.gateway}/order/7`)
}

async function walkThrough(system: System, stop: AbortSignal): Promise<boolean> {
  let failures = 0
  await walk(steps, { ...system, tokens: await system.issueTokens() }, (outcome) => {
    if (stop.aborted) return
    print(outcome)
    if (!outcome.asExpected) failures++
  })
  const summary = failures === 0 ? `All ${steps.length} calls as expected.` : `${failures} not as expected.`
  if (!stop.aborted) console.log(`\n${summary}`)
  return failures === 0
}

async function keepServing(system: System, stop: AbortSignal): Promise<void> {
  await writeTokens(system)
  const renewing = setInterval(() => void writeTokens(system), (tokenLifetimeSeconds / 2) * 1000)
  printCurl(system)
  if (!stop.aborted) await once(stop, 'abort')
  clearInterval(renewing)
}

/** Aborted by the first Ctrl-C, also while the services start; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort())
  return stop.signal
}

async function interrupted(stop: AbortSignal): Promise<false> {
  await once(stop, 'abort')
  return false
}

async function main(): Promise<number> {
  const wish = readArguments()
  if (wish === undefined) return 2
  const stop = stopSignal()
  const system = await startSystem(wish.fixed ? fixedPorts : await freePorts())
  try {
    const isGood = !stop.aborted && (await Promise.race([walkThrough(system, stop), interrupted(stop)]))
    if (!wish.once && !stop.aborted) await keepServing(system, stop)
    return isGood ? 0 : 1
  } finally {
    await system.close()
  }
}

/** A port that is taken is nobody's bug: one line, not a stack. */
function explain(error: unknown): number {
  if (!(error instanceof Error && 'syscall' in error)) throw error
  console.error(`the system could not start: ${error.message}`)
  return 1
}

process.exitCode = await main().catch(explain)
