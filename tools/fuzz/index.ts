// Why: what the short run of a fuzz test does not find may take a million tries; this is the long run, by hand:
// node --conditions=@barre/source tools/fuzz/index.ts [COUNT] [SEED]
import { fuzzJose } from '../../packages/barre/test/fuzz-jose.ts'
import { fuzzKeys } from '../../packages/barre/test/fuzz-keys.ts'

const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
const subjects = [
  ['tokens and JWKs', fuzzJose],
  ['key stores, keys and certificates', fuzzKeys],
] as const
for (const [name, fuzz] of subjects) {
  const startedMs = performance.now()
  const findings = await fuzz(count, seed)
  for (const finding of findings) console.log(finding)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`${count} changed ${name}, seed ${seed}: ${findings.length} accepted, ${seconds} s`)
  if (findings.length > 0) process.exitCode = 1
}
