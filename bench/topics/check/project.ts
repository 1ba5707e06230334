import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const linesPerFile = 50
const filesPerFolder = 100

/** Writes a project of about so many lines: services that call each other across files, with routes that use them. */
export function writeProject(folder: string, lines: number): void {
  const count = Math.ceil(lines / linesPerFile)
  for (let index = 0; index < count; index++) {
    const file = join(folder, fileOf(index))
    if (index % filesPerFolder === 0) mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, serviceText(index))
  }
  const compilerOptions = { module: 'nodenext', target: 'esnext', strict: true, noEmit: true, types: [] }
  const options = { ...compilerOptions, allowImportingTsExtensions: true }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['src'] }))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
}

function fileOf(index: number): string {
  return `src/part${Math.floor(index / filesPerFolder)}/service${index}.ts`
}

/** Each service has the one before it, and the first of its folder. */
function serviceText(index: number): string {
  const folder = Math.floor(index / filesPerFolder)
  const earlier = index === 0 ? undefined : index - 1
  const from = earlier === undefined ? '' : importText(earlier, folder)
  const next = earlier === undefined ? 'undefined' : `new Service${earlier}()`
  const type = earlier === undefined ? 'undefined' : `Service${earlier}`
  const methods = Array.from({ length: 8 }, (_, at) => methodText(at, earlier !== undefined && at === 0))
  return `${from}
export interface Row${index} { id: string; name: string; tags: string[] }

export class Service${index} {
  readonly next: ${type} = ${next}
  rows: Row${index}[] = []
${methods.join('\n')}

  add(id: string, name: string): Row${index} {
    const row = { id, name, tags: [this.method1(name)] }
    this.rows.push(row)
    return row
  }
}
`
}

function importText(earlier: number, folder: number): string {
  const other = Math.floor(earlier / filesPerFolder)
  const path = other === folder ? '.' : `../part${other}`
  return `import { Service${earlier} } from '${path}/service${earlier}.ts'\n`
}

function methodText(at: number, usesNext: boolean): string {
  const inner = usesNext ? 'this.next.method1(text)' : 'text.trim()'
  return `
  method${at}(text: string): string {
    const found = this.rows.find((row) => row.id === text)
    return found === undefined ? ${inner} : found.name
  }`
}
