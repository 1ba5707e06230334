import type { ClassIr, ClassMember, Func } from '../graph/index.ts'
import type { Frame } from './frame.ts'
import type { Value } from './value.ts'

/** An override keeps what the method it replaces promises: callers see only the latter. */
export function checkOverrides(frame: Frame, cls: ClassIr, base: Value): void {
  for (const { cls: parent } of base.refs) {
    for (const inherited of parent?.members ?? []) {
      const own = cls.members.find((one) => one.key === inherited.key && one.kind === inherited.kind)
      const [before, after] = [functionOf(inherited), functionOf(own)]
      if (before !== undefined && after !== undefined) compare(frame, before, after)
    }
  }
}

function functionOf(member: ClassMember | undefined): Func | undefined {
  return member?.value?.k === 'function' ? member.value.func : undefined
}

function compare(frame: Frame, before: Func, after: Func): void {
  for (const [index, { marks, name }] of before.params.entries()) {
    const own = after.params[index]
    if (own === undefined) continue
    const kept = own.marks.sensitive ?? []
    const lost = kept.includes('*') ? [] : (marks.sensitive ?? []).filter((kind) => !kept.includes(kind))
    if (lost.length > 0) weakened(frame, after, `parameter '${name}' is sensitive there`, own.span)
  }
  if (before.returnMarks.tainted === true && after.returnMarks.tainted !== true)
    weakened(frame, after, 'its result is tainted there', after.span)
}

function weakened(frame: Frame, func: Func, what: string, span: Func['span']): void {
  const message = `override of '${func.name}' weakens an annotation: ${what}`
  frame.world.diagnose('override', func.module, span, message)
}
