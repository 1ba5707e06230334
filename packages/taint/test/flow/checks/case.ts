import { exec } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { isAbsolute, normalize, relative, resolve } from 'node:path'
import { sink, source } from '../kit.ts'

declare function isValid(text: string): boolean
declare function isInvalid(text: string): boolean
declare function isAllowedName(text: string): boolean

export function named(): void {
  const text = source()
  if (isValid(text)) sink(text)
  else sink(text) // flags: any
  if (isInvalid(text)) sink(text) // flags: any
  if (isAllowedName(text) === true) sink(text)
  if (isAllowedName(text) !== false) sink(text)
  if (isAllowedName(text) === false) sink(text) // flags: any
}

function isCode(text: unknown): boolean {
  return Number.isInteger(text)
}

export function asked(): void {
  const text = source()
  if (isCode(text)) sink(text)
  else sink(text) // flags: any
}

const targets: Record<string, string> = { home: '/', help: '/help' }

export function tables(): void {
  const name = source()
  if (targets[name] !== undefined) sink(name)
  if (targets[name] === undefined) sink(name) // flags: any
  if (targets[name]) sink(name)
  if (Object.hasOwn(targets, name)) sink(name)
  sink(name) // flags: any
}

export function numbers(): void {
  const count = source()
  if (Number.isInteger(count)) sink(count)
  if (isNaN(Number(count))) sink(count) // flags: any
  if (isNaN(count as unknown as number)) return
  sink(count)
}

export function characters(): void {
  const text = source()
  if (/[^\w-]/.test(text)) exec(text) // flags: command
  else exec(text)
  if (!/[;&|$`<>]/.exec(text)) exec(`ls ${text}`)
  if (!text.match(/[;&]/)) exec(`ls ${text}`) // flags: command
}

export function branches(): void {
  let text = source()
  if (text) text = text.replaceAll(/[^\w-]/g, '')
  sink(text)
}

export function contained(root: string): void {
  const file = resolve(root, source())
  const inside = relative(root, file)
  if (inside.startsWith('..') || isAbsolute(inside)) {
    readFileSync(file) // flags: path
    return
  }
  readFileSync(file)
}

export function beginnings(root: string): void {
  const path = normalize(source())
  if (path[0] !== '/' && path[0] !== '.') readFileSync(path)
  if (path.slice(0, root.length) === root) readFileSync(path)
  if (path.slice(0, 3) === root) readFileSync(path) // flags: path
}

createServer((request, response) => {
  const to = request.url ?? ''
  response.writeHead(302, { location: `${resolve('x')}?to=${to}` })
  response.writeHead(302, { location: `users/${to}` })
  response.writeHead(302, { location: to }) // flags: redirect
})

const hidden = ['__proto__', 'constructor']

export function keys(object: Record<string, Record<string, string>>): void {
  const key = source()
  if (hidden.includes(key)) return
  object[key]!['x'] = 'y'
}
