import { sink, source } from '../kit.ts'

declare function external(text: string, done?: (text: string) => void): { readonly inner: string }
declare function escapeText(text: string): string

export function results(): void {
  sink(external(source())) // flags: any
  sink(external(source()).inner) // flags: any
  sink(external('safe').inner)
}

export function callbacks(): void {
  const text = source()
  external('safe', () => sink(text)) // flags: any
  external('safe', () => sink('safe'))
}

export function cleaners(): void {
  sink(escapeText(source()))
}
