import type { Access, FlowRow } from './access.ts'

/** What is known of one place of a library's public face, e.g. `pg`, `Client`, `new Client()`, `query`. */
export interface ApiNode {
  readonly id: number
  /** For messages: `pg Client.query`. */
  readonly label: string
  readonly members: Map<string, ApiNode>
  /** Any member that is not named. */
  any: ApiNode | undefined
  result: ApiNode | undefined
  instance: ApiNode | undefined
  /** Stands for all that this one does, besides its own. */
  alias: ApiNode | undefined
  row: Row | undefined
}

export interface SinkRow {
  readonly at: Access
  readonly kind: string
  /** The name of the parameter, for the message. */
  readonly name: string
  /** Only when the call's first argument is this constant. */
  readonly when: string | undefined
  readonly arity: number | undefined
  readonly least: number | undefined
  readonly isNew: boolean | undefined
}

interface GuardRow {
  readonly argument: number
  readonly kinds: number
  /** The outcome that proves the argument harmless. */
  readonly outcome: boolean
}

export interface CallbackRow {
  readonly at: Access
  readonly params: readonly (ApiNode | undefined)[]
  /** Only when the call's first argument, the event's name, is this constant or none that is known. */
  readonly when: string | undefined
  /** Handlers of one app see the same request object, in the order they were added. */
  readonly chain: 'shared' | 'route' | undefined
}

/** All that the models say of one place. */
export interface Row {
  source: { readonly kind: string; readonly confidence: number; readonly cleared: number } | undefined
  readonly sinks: SinkRow[]
  readonly flows: FlowRow[]
  readonly guards: GuardRow[]
  readonly callbacks: CallbackRow[]
  /** Kinds that the call's result is no longer dangerous for. */
  clears: number
  /** Assigning to this place is a sink. */
  assigned: { readonly kind: string; readonly name: string } | undefined
  /** The flows hold only for `new f()`, or only for `f()`. */
  isNew: boolean | undefined
  /** Handled by the engine's own function of this name. */
  native: string | undefined
  /** The call takes its code's own text only (a tagged template that binds). */
  isInert: boolean
}

export function emptyRow(): Row {
  return {
    source: undefined,
    sinks: [],
    flows: [],
    guards: [],
    callbacks: [],
    clears: 0,
    assigned: undefined,
    native: undefined,
    isNew: undefined,
    isInert: false,
  }
}

let lastId = 0
export function newNode(label: string): ApiNode {
  lastId += 1
  return {
    id: lastId,
    label,
    members: new Map(),
    any: undefined,
    result: undefined,
    instance: undefined,
    alias: undefined,
    row: undefined,
  }
}

const MAX_ALIAS = 6

function follow<T>(node: ApiNode | undefined, pick: (node: ApiNode) => T | undefined): T | undefined {
  let at = node
  for (let hops = 0; at !== undefined && hops < MAX_ALIAS; hops += 1) {
    const found = pick(at)
    if (found !== undefined) return found
    at = at.alias
  }
  return undefined
}

export const memberOf = (node: ApiNode, name: string): ApiNode | undefined =>
  follow(node, (at) => at.members.get(name)) ?? follow(node, (at) => at.any)
export const resultOf = (node: ApiNode): ApiNode | undefined => follow(node, (at) => at.result)
export const instanceOf = (node: ApiNode): ApiNode | undefined => follow(node, (at) => at.instance)
export const rowOf = (node: ApiNode): Row | undefined => follow(node, (at) => at.row)
