import { exec } from 'node:child_process'
import { createServer } from 'node:http'
import { source } from '../kit.ts'

export function shell(): void {
  exec(`ls '${source().replaceAll(/'/g, `'\\''`)}'`)
  exec(`ls '${source().replace(/'/, `'\\''`)}'`) // flags: command
  exec(`ls '${source().replaceAll(/'/g, '"')}'`) // flags: command
}

export function patterns(): void {
  const escaped = source().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  new RegExp(escaped)
  new RegExp(source().replaceAll(/[.*]/g, '\\$&')) // flags: regex
}

export function made(flags: string): void {
  exec(source().replace(new RegExp('[^a-z]', 'g'), ''))
  exec(source().replace(new RegExp('[^a-z]', flags), ''))
  exec(source().replace(new RegExp('[^a-z]'), '')) // flags: command
}

createServer((request, response) => {
  const text = request.url ?? ''
  response.end(text.replaceAll(/[<>&]/g, ''))
  response.end(text.replaceAll('<', '&lt;'))
  response.end(text.replace('<', '&lt;')) // flags: html
})

export function keys(object: Record<string, Record<string, string>>): void {
  object[source().replace('_', '-')]!['x'] = 'y'
  object[source().replaceAll(/_/g, '')]!['x'] = 'y'
  object[source().replaceAll(/__proto__/g, '')]!['x'] = 'y' // flags: prototype-key
}

export function code(): void {
  eval(`run(${JSON.stringify(source())})`)
  eval(`run(${source()})`) // flags: code
}
