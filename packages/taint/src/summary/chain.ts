import type { ApiNode, CallbackRow } from '../models/index.ts'
import { rowOf } from '../models/index.ts'
import type { Call, Frame } from './frame.ts'
import { isTopLevel } from './frame.ts'
import { slot, slots, writeSlot } from './heap-access.ts'
import type { Obj } from './object.ts'
import type { Value } from './value.ts'
import { EARLIER } from './path.ts'
import { UNKNOWN, join, ofRefs, sourceLabel } from './value.ts'

/** Hidden fields of an app: what handlers mounted at a method and path have, and the app it is mounted on. */
const MOUNT = '<mount>:'
const PARENT = '<parent>'
const MAX_PARENTS = 3

/**
 * The objects a framework hands to a handler. In a chain, a handler sees what those mounted before it,
 * at a path that leads to its own, wrote to the same request.
 */
export function chainParams(frame: Frame, row: CallbackRow, call: Call): Value[] {
  const app = row.chain === undefined ? undefined : call.thisValue.refs.find((obj) => obj.kind === 'api')
  return row.params.map((node, index) => {
    if (node === undefined) return UNKNOWN
    const own = frame.world.heap.at(
      call.id * 64 + index + 0.75,
      { kind: 'api', api: node },
      isTopLevel(frame) || app?.isGlobal === true,
    )
    if (app !== undefined) inherit(frame, app, own, index, mountOf(row, call))
    return tainted(frame, node, ofRefs([own]), call)
  })
}

/** What a library hands to a callback may come from outside as a whole. */
function tainted(frame: Frame, node: ApiNode, own: Value, call: Call): Value {
  const source = rowOf(node)?.source
  if (source === undefined) return own
  const step = { module: call.module, span: call.span, why: node.label }
  const found = frame.world.source(source.kind, node.label, step, true, source.confidence)
  return found === undefined ? own : { ...own, labels: [sourceLabel(found, source.cleared)] }
}

interface Mount {
  readonly method: string
  readonly path: string
}

function mountOf(row: CallbackRow, call: Call): Mount {
  const path = call.args[0]?.value.constants?.[0]
  return {
    method: row.chain === 'shared' || call.name === 'all' ? '*' : call.name,
    path: typeof path === 'string' ? path : '',
  }
}

/** Links to what earlier handlers leave, then mounts this one for those to come. */
function inherit(frame: Frame, app: Obj, own: Obj, index: number, mount: Mount): void {
  linkMounts(frame, app, own, index, mount, 0)
  const field = `${MOUNT}${index}:${mount.method}:${mount.path}`
  writeSlot(frame, app, field, join(slot(frame, app, field), ofRefs([own])))
}

function linkMounts(frame: Frame, app: Obj, own: Obj, index: number, mount: Mount, depth: number): void {
  for (const [field, value] of slots(frame, app)) {
    if (!field.startsWith(`${MOUNT}${index}:`)) continue
    const [, , method = '*', ...path] = field.split(':')
    if (!leadsTo({ method, path: path.join(':') }, mount, depth > 0)) continue
    const earlier = value.refs.filter((obj) => obj !== own)
    if (earlier.length > 0) writeSlot(frame, own, EARLIER, join(slot(frame, own, EARLIER), ofRefs(earlier)))
  }
  if (depth < MAX_PARENTS)
    for (const parent of slot(frame, app, PARENT).refs)
      linkMounts(frame, parent, own, index, mount, depth + 1)
}

function leadsTo(earlier: Mount, later: Mount, isOuter: boolean): boolean {
  if (earlier.method !== '*' && later.method !== '*' && earlier.method !== later.method) return false
  if (earlier.path === '' || earlier.path === '/' || isOuter) return true
  return later.path === earlier.path || later.path.startsWith(`${earlier.path.replace(/\/$/, '')}/`)
}

/** Mounting a router on an app: its handlers come after the app's, and the app's later ones after its. */
export function mountRouters(
  frame: Frame,
  row: CallbackRow,
  call: Call,
  handlers: Value,
  nodes: readonly (ApiNode | undefined)[],
): void {
  const app = call.thisValue.refs.find((obj) => obj.kind === 'api')
  if (app === undefined || row.chain === undefined) return
  for (const router of handlers.refs) {
    if (router.kind !== 'api' || router === app) continue
    writeSlot(frame, router, PARENT, join(slot(frame, router, PARENT), ofRefs([app])))
    const prefix = mountOf(row, call).path
    for (const index of nodes.keys()) adoptMounts(frame, app, router, index, prefix)
  }
}

function adoptMounts(frame: Frame, app: Obj, router: Obj, index: number, prefix: string): void {
  for (const [field, value] of slots(frame, router)) {
    if (!field.startsWith(`${MOUNT}${index}:`)) continue
    const [, , method = '*', ...path] = field.split(':')
    const target = `${MOUNT}${index}:${method}:${prefix}${path.join(':')}`
    writeSlot(frame, app, target, join(slot(frame, app, target), value))
  }
}
