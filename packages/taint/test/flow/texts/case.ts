import { Buffer } from 'node:buffer'
import { sink, source } from '../kit.ts'

export function templates(): void {
  sink(`<${source()}>`) // flags: any
  sink(String.raw`<${source()}>`) // flags: any
  sink(`<${'safe'}>`)
}

export function methods(): void {
  const text = source()
  sink(text.trim().toUpperCase().slice(1)) // flags: any
  sink('a-'.concat(text)) // flags: any
  sink(text.split(',')[0]) // flags: any
  sink('<x>'.replace('x', text)) // flags: any
  sink('<x>'.replace('x', () => text)) // flags: any
  sink(text.length)
  sink(text.indexOf('a'))
  sink(text.startsWith('a'))
}

export function json(): void {
  const parsed = JSON.parse(source()) as { readonly name: string }
  sink(parsed.name) // flags: any
  sink(JSON.stringify({ name: source() })) // flags: any
  sink(JSON.stringify({ name: 'safe' }))
}

export function urls(): void {
  const url = new URL(source())
  sink(url.searchParams.get('id')) // flags: any
  sink(url.pathname) // flags: any
  const query = new URLSearchParams()
  query.set('id', source())
  sink(query.toString()) // flags: any
  sink(new URL('https://safe.test/x').pathname)
}

export function bytes(): void {
  sink(Buffer.from(source(), 'base64').toString('utf8')) // flags: any
  sink(Buffer.concat([Buffer.from('safe'), Buffer.from(source())])) // flags: any
  sink(Buffer.from('safe').toString('hex'))
}
