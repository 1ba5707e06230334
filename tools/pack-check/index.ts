// Why: everything else runs from source. This builds, packs, judges the tarballs, installs them into an empty
// project
// and uses them there as a reader of the README would.
import { execFile } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { programsIn, runProgram, topicsOf as topicsOfProgram } from '../readme.ts'
import { workspaceRoot } from '../workspace.ts'
import { lintTarball, pack, readManifest } from './package.ts'
import type { Packed } from './package.ts'
import { createProject, importProblem, install, lacksOnlyPeer, topicsOf, typeProblems } from './project.ts'

const run = promisify(execFile)

async function main(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'barre-pack-'))
  try {
    for (const dist of globSync('packages/*/dist', { cwd: workspaceRoot })) {
      rmSync(join(workspaceRoot, dist), { recursive: true })
    }
    await run('npm', ['run', 'build'], { cwd: workspaceRoot })
    const packages = await packAll(folder)
    const problems = await Promise.all(packages.map(lintTarball))
    createProject(folder)
    return [...problems.flat(), ...(await useInProject(folder, packages))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function packAll(into: string): Promise<readonly Packed[]> {
  const folders = globSync('packages/*/package.json', { cwd: workspaceRoot })
    .map((path) => join(workspaceRoot, path, '..'))
    .filter((path) => readManifest(path).private !== true)
  const packages: Packed[] = []
  for (const path of folders.toSorted()) packages.push(await pack(path, into))
  return packages
}

async function useInProject(project: string, packages: readonly Packed[]): Promise<readonly string[]> {
  await install(
    project,
    packages.map(({ tarball }) => tarball),
  )
  const problems = await importAll(project, packages, lacksOnlyPeer)
  const peers = packages.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {}))
  if (peers.length > 0) {
    await install(project, peers.map(asTestedHere))
    problems.push(...(await importAll(project, packages, () => false)))
  }
  return [...problems, ...(await useReadme(project, packages)), ...(await useCommand(project))]
}

async function importAll(
  project: string,
  packages: readonly Packed[],
  isExpected: typeof lacksOnlyPeer,
): Promise<string[]> {
  const problems: string[] = []
  for (const { manifest } of packages) {
    for (const topic of topicsOf(manifest)) {
      const problem = await importProblem(project, topic)
      if (problem !== undefined && !isExpected(problem, manifest)) problems.push(problem)
    }
  }
  return problems
}

/** A library at the version that this workspace has, so that npm's cache answers. */
function asTestedHere(library: string): string {
  const path = join(workspaceRoot, 'node_modules', library, 'package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return `${library}@${version}`
}

async function useReadme(project: string, packages: readonly Packed[]): Promise<readonly string[]> {
  const topics = new Set(packages.flatMap(({ manifest }) => topicsOf(manifest)))
  const [program] = programsIn(readFileSync(join(workspaceRoot, 'README.md'), 'utf8'))
  if (program === undefined || topicsOfProgram(program).some((topic) => !topics.has(topic))) {
    return ["the README's program needs topics that are not exported"]
  }
  const printed = await runProgram(program, join(project, 'program.ts'))
  const problems = (await typeProblems(project, program.source)).map((one) => `the README's program: ${one}`)
  if (program.prints === undefined || program.prints === printed) return problems
  return [...problems, `the README's program printed ${JSON.stringify(printed)}, not what the page says`]
}

async function useCommand(project: string): Promise<readonly string[]> {
  if (!existsSync(join(project, 'node_modules', '.bin', 'barre'))) {
    return ['no package brings the barre command']
  }
  const token = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'alice' })}.${'A'.repeat(43)}`
  try {
    const { stdout } = await run('npx', ['--no-install', 'barre', 'jwt', 'decode', token], { cwd: project })
    return stdout.includes('alice') ? [] : [`barre jwt decode printed ${JSON.stringify(stdout)}`]
  } catch (error) {
    const said = (error as { stderr?: string }).stderr ?? String(error)
    return [`barre jwt decode: ${said}`]
  }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

const problems = await main()
for (const problem of problems) console.error(problem)
console.log(`pack-check: ${problems.length === 0 ? 'nothing to report' : `${problems.length} finding(s)`}`)
if (problems.length > 0) process.exitCode = 1
