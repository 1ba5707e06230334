// Why: which file may import which, judged edge by edge.
import { posix } from 'node:path'
import { isBuiltin } from 'node:module'
import type { Import } from '../source.ts'
import type { Finding, SourceFile } from '../workspace.ts'
import { isTestOnly, locate } from './place.ts'
import type { Place } from './place.ts'
import {
  foldersOfTopics,
  foldersWithPeers,
  foldersWithoutLibraries,
  layers,
  packages,
  parserFolder,
  parsers,
} from './table.ts'

export function checkImports(
  path: string,
  imports: readonly Import[],
  files: readonly SourceFile[],
): readonly Finding[] {
  const optional = optionalPeers(path, files)
  return imports.flatMap((edge) => {
    const problem = judge(path, edge, optional)
    return problem === undefined ? [] : [{ path, line: edge.line, problem }]
  })
}

function judge(path: string, edge: Import, optional: ReadonlySet<string>): string | undefined {
  const { specifier } = edge
  if (specifier === undefined) {
    // A bin picks the compiled program or the source: both are its own.
    return path.includes('/bin/') ? undefined : 'a computed import hides an edge: name the module'
  }
  if (isBuiltin(specifier)) {
    return specifier.startsWith('node:') ? undefined : `${specifier}: write node:${specifier}`
  }
  if (!specifier.startsWith('.')) return judgeLibrary(path, edge, specifier, optional)
  return judgeFile(path, posix.join(posix.dirname(path), specifier))
}

function judgeLibrary(
  path: string,
  edge: Import,
  specifier: string,
  optional: ReadonlySet<string>,
): string | undefined {
  const { packageName = '', folder = '' } = locate(path)
  const library = packageOf(specifier)
  if (library === 'barre' || library.startsWith('@barre/')) return judgeOurs(packageName, library, specifier)
  if (isTestOnly(path)) return undefined
  if (parsers.some((parser) => parser.test(specifier)) && !path.startsWith(parserFolder)) {
    return `${library} is a parser or compiler: only ${parserFolder} loads one`
  }
  return packageName === 'barre'
    ? judgeFolderLibrary(folder, library, !edge.typeOnly && optional.has(library))
    : undefined
}

function judgeFolderLibrary(folder: string, library: string, loadsPeer: boolean): string | undefined {
  if (foldersWithoutLibraries.has(folder)) return `${folder} imports no library, and ${library} is one`
  if (loadsPeer && !foldersWithPeers.has(folder)) {
    return `${library} is an optional peer: only the folder of its wire or provider imports it`
  }
  return undefined
}

function judgeOurs(packageName: string, library: string, specifier: string): string | undefined {
  const allowed = packages[packageName] ?? []
  if (!allowed.includes(library)) return `${packageName} may not import ${library}`
  if (specifier === 'barre') return 'import a topic of barre: barre/core, barre/jwt, ...'
  if (/\/(src|dist)(\/|$)/.test(specifier)) return `${specifier} reaches behind the package's exports`
  return undefined
}

function judgeFile(path: string, target: string): string | undefined {
  const from = locate(path)
  const to = locate(target)
  const test = isTestOnly(path)
  if (isTestOnly(target)) return test ? undefined : `${target} is for tests only`
  if (to.packageName === undefined) {
    return test && target.startsWith('tools/') ? undefined : `${target} lies outside the packages`
  }
  if (from.packageName !== to.packageName) return `${target}: import another package by its name`
  if (from.packageName !== 'barre') return undefined
  if (to.folder === undefined) return test ? undefined : `${target} lies outside src`
  return judgeFolders(from, to, test)
}

function judgeFolders(from: Place, to: Place, test: boolean): string | undefined {
  const folder = to.folder ?? ''
  if (from.folder === folder) return judgeTopics(from, to)
  const [mine, theirs] = [layers[from.folder ?? ''], layers[folder]]
  if (theirs === undefined) return `unknown folder ${folder}: give it a layer in tools/layers/table.ts`
  // A test may drive its folder through any other one: what ships is what must not.
  if (!test && mine !== undefined && theirs >= mine) {
    return `${from.folder} (layer ${mine}) may not import ${folder} (layer ${theirs}): only lower layers`
  }
  const depth = foldersOfTopics.has(folder) ? /^([^/]+\/)?index\.ts$/ : /^index\.ts$/
  return depth.test(to.inside ?? '') ? undefined : `reaches into ${folder}: import its index.ts`
}

/** Inside a folder of topics, one sees another only through its index. */
function judgeTopics(from: Place, to: Place): string | undefined {
  if (!foldersOfTopics.has(to.folder ?? '')) return undefined
  const other = topic(to.inside)
  if (other === '' || other === topic(from.inside) || /^[^/]+\/index\.ts$/.test(to.inside ?? '')) {
    return undefined
  }
  return `reaches into ${to.folder}/${other}: import its index.ts`
}

function topic(inside = ''): string {
  return inside.includes('/') ? inside.slice(0, inside.indexOf('/')) : ''
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function optionalPeers(path: string, files: readonly SourceFile[]): ReadonlySet<string> {
  const manifest = files.find((file) => file.path === `packages/${locate(path).packageName}/package.json`)
  if (manifest === undefined) return new Set()
  const { peerDependencies = {} } = JSON.parse(manifest.text) as { peerDependencies?: object }
  return new Set(Object.keys(peerDependencies))
}
