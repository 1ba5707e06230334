// Why: what the short run of a fuzz test does not find may take a million tries; this is the long run, by hand:
// npm run fuzz -- [COUNT] [SEED] [--only TEXT of a subject]
import { parseArgs } from 'node:util'
import { subjects } from './subjects.ts'

const { positionals, values } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
const [count = 1_000_000, seed = 1] = positionals.map(Number)
const shownMax = 300

for (const [name, { fuzz, share = 1 }] of Object.entries(subjects)) {
  if (values.only !== undefined && !name.includes(values.only)) continue
  const startedMs = performance.now()
  const report = await fuzz(Math.ceil(count * share), seed)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  const { inputs, accepted, crashes, slowestMs, slowest } = report
  for (const finding of [...accepted, ...crashes]) console.log(finding)
  console.log(
    `${name}: ${inputs} changed inputs, seed ${seed}, ${seconds} s: ${accepted.length} accepted wrongly, ` +
      `${crashes.length} crashes; slowest ${slowestMs.toFixed(1)} ms of CPU: ${slowest.slice(0, shownMax)}`,
  )
  if (accepted.length + crashes.length > 0) process.exitCode = 1
}
