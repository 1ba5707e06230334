// `npm start`: the order management system on throw-away certificates, every call of the article against it, then curl.
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
    const { once = false, ports } = values
    if (ports === 'free' || ports === 'fixed') return { once, fixed: ports === 'fixed' }
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
  const curl = `curl --cacert ${caFile} -H 'Content-Type: application/json'`
  const order = `'{"id":"7","name":"Mine","items":[{"category":"books","code":"978-1617295959","qty":1}]}'`
  console.log(`
The system keeps running; Ctrl-C ends it. Tokens lie in ${directory}, renewed before they expire. For example:

  ${curl} -H @${directory}/counter.header -d ${order} ${urls.gateway}/order
  ${curl} ${urls.gateway}/order/7
  ${curl} -X DELETE -H @${directory}/counter.header ${urls.gateway}/order/7
  ${curl} -X DELETE -H @${directory}/admin.header ${urls.gateway}/order/7`)
}

async function walkThrough(system: System): Promise<boolean> {
  let failures = 0
  await walk(steps, { ...system, tokens: await system.issueTokens() }, (outcome) => {
    print(outcome)
    if (!outcome.asExpected) failures++
  })
  const summary = failures === 0 ? `All ${steps.length} calls as expected.` : `${failures} not as expected.`
  console.log(`\n${summary}`)
  return failures === 0
}

async function keepServing(system: System): Promise<void> {
  await writeTokens(system)
  const renewing = setInterval(() => void writeTokens(system), (tokenLifetimeSeconds / 2) * 1000)
  printCurl(system)
  const stop = (): void => {
    clearInterval(renewing)
    void system.close()
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
}

async function main(): Promise<number> {
  const wish = readArguments()
  if (wish === undefined) return 2
  const system = await startSystem(wish.fixed ? fixedPorts : await freePorts())
  const isGood = await walkThrough(system)
  if (wish.once) await system.close()
  else await keepServing(system)
  return isGood ? 0 : 1
}

process.exitCode = await main()
