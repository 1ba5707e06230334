// Why: what the short run of a fuzz test does not find may take a million tries; this is the long run, by hand:
// npm run fuzz -- [COUNT] [SEED]
import { fuzzGroups, fuzzJose } from '../../packages/barre/test/fuzz-jose.ts'

const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
for (const group of Object.keys(fuzzGroups) as (keyof typeof fuzzGroups)[]) {
  const startedMs = performance.now()
  const findings = await fuzzJose(group, count, seed)
  for (const finding of findings) console.log(finding)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`${group}: ${count} changed texts, seed ${seed}: ${findings.length} accepted, ${seconds} s`)
  if (findings.length > 0) process.exitCode = 1
}
