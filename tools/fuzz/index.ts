// Why: what the short run of a fuzz test does not find may take a million tries; this is the long run, by hand:
// npm run fuzz -- [COUNT] [SEED]
import { fuzzGroups, fuzzJose } from '../../packages/barre/test/fuzz-jose.ts'
import { fuzzKeys } from '../../packages/barre/src/crypto/keys/test/fuzz-keys.ts'

type Fuzz = (count: number, seed: number) => Promise<readonly unknown[]>

const [count = 1_000_000, seed = 1] = process.argv.slice(2).map(Number)
const groups = Object.keys(fuzzGroups) as (keyof typeof fuzzGroups)[]
const subjects: readonly (readonly [name: string, fuzz: Fuzz])[] = [
  ...groups.map((group): [string, Fuzz] => [group, (tries, from) => fuzzJose(group, tries, from)]),
  ['key stores, keys and certificates', fuzzKeys],
]
for (const [name, fuzz] of subjects) {
  const startedMs = performance.now()
  const findings = await fuzz(count, seed)
  for (const finding of findings) console.log(finding)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`${name}: ${count} changed inputs, seed ${seed}: ${findings.length} accepted, ${seconds} s`)
  if (findings.length > 0) process.exitCode = 1
}
