import { untaint } from 'barre/taint'
import type { Tainted, Untainted } from 'barre/taint'
import { sink, source } from '../kit.ts'

function query(/** @sensitive sql */ _text: string): void {}

export function kinds(): void {
  const id = source()
  query(id) // flags: sql
  query(untaint(id))
  query(untaint<'sql'>(id))
  query(untaint<'path'>(id)) // flags: sql
  sink(id) // flags: any
}

function column(name: string): Untainted<string> {
  return name
}

export function types(name: Tainted<string>): void {
  query(column(name))
  query(name) // flags: sql
}
