// Why: Node takes about as long to find and open a file as to run what is in it, and `barre` has many small
// ones. The compiler has written the declarations; this writes the JavaScript, a few files instead.
import { globSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { workspaceRoot } from '../workspace.ts'

const folder = join(workspaceRoot, 'packages/barre')
const dist = join(folder, 'dist')

type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>

/** The TypeScript files that package.json offers under a subpath. */
function readEntries(): string[] {
  const text = readFileSync(join(folder, 'package.json'), 'utf8')
  const { exports } = JSON.parse(text) as { readonly exports: Exports }
  return Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : (target['@barre/source'] ?? []),
  )
}

for (const file of globSync('**/*.{js,js.map}', { cwd: dist })) rmSync(join(dist, file))
await build({
  absWorkingDir: folder,
  bundle: true,
  entryPoints: readEntries(),
  outbase: 'src',
  outdir: dist,
  // What several entries need is in one place: an error or a principal is of the same class whoever made it.
  splitting: true,
  chunkNames: 'shared/[hash]',
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: true,
  logLevel: 'warning',
})
