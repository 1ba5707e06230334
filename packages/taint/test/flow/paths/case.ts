import { readFileSync } from 'node:fs'
import { basename, isAbsolute, join, normalize, resolve } from 'node:path'
import { source } from '../kit.ts'

const root = '/srv/files'

export function below(): void {
  const path = resolve(root, source())
  if (path.startsWith(`${root}/`)) readFileSync(path)
  else readFileSync(path) // flags: path
}

export function unnormalised(): void {
  const path = source()
  if (path.startsWith(root)) readFileSync(path) // flags: path
}

export function climbing(): void {
  const path = normalize(source())
  if (path.startsWith('..')) return
  readFileSync(path) // flags: path
  readFileSync(`./${path}`)
  if (!isAbsolute(path)) readFileSync(path)
}

export function without(): void {
  const path = source()
  if (path.includes('..')) return
  readFileSync(path) // flags: path
  readFileSync(join(root, path))
}

export function deleted(): void {
  readFileSync(source().replaceAll(/[./]/g, ''))
  readFileSync(source().replaceAll(/[ab]/g, '')) // flags: path
  readFileSync(basename(source()))
}
