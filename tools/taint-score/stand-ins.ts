import type { LibraryFile } from '@barre/taint'

/** The functions that language-feature tests use for "untrusted", "dangerous" and "checked". */
export function standIns(): LibraryFile[] {
  return [
    {
      package: 'global',
      entries: {
        'source()': { source: 'test' },
        'literalSource()': { source: 'test' },
        sink: { sinks: { 'arg(0..)': 'test' } },
        'fs.sink': { sinks: { 'arg(0)': 'test' } },
        isSafe: { guard: { argument: 0, clears: ['*'] } },
        sanitizer_id: { inert: true },
      },
    },
    {
      package: '@example/test',
      entries: { 'new().getSource()': { source: 'test' }, 'new().getSink': { sinks: { 'arg(0)': 'test' } } },
    },
    testlib(),
  ]
}

/** The invented library of the corpus's tests of models. */
function testlib(): LibraryFile {
  return {
    package: 'testlib',
    entries: {
      preserveTaint: { flows: ['arg(0) => return'] },
      preserveArgZeroAndTwo: { flows: ['arg(0) => return', 'arg(2) => return'] },
      preserveAllButFirstArgument: { flows: ['arg(1..) => return'] },
      preserveAllIfCall: { flows: ['arg(0..) => return'], isNew: false },
      taintIntoCallback: { flows: ['arg(0) -> arg(1..2).param(0)'] },
      taintIntoCallbackThis: { flows: ['arg(0) -> arg(1..2).param(this)'] },
      mySink: sink('arg(0)'),
      mySinkIfCall: { ...sink('arg(0)'), isNew: false },
      mySinkIfNew: { ...sink('arg(0)'), isNew: true },
      mySinkLast: sink('arg(last)'),
      mySinkSecondLast: sink('arg(last1)'),
      'mySinkTwoLast | mySinkTwoLastRange': { sinks: { 'arg(last)': 'test', 'arg(last1)': 'test' } },
      mySinkExceptLast: { sinks: { 'arg(last1)': 'test', 'arg(last2)': 'test', 'arg(last3)': 'test' } },
      mySinkIfArityTwo: { ...sink('arg(0)'), arity: 2 },
      'sink1 | sink2 | sink3 | any.memberSink': sink('arg(0)'),
      'getSource()': { source: 'test' },
      'getSource().continue': { flows: ['this => return'] },
      'getSourceArray().element': { source: 'test' },
      overloadedSink: { ...sink('arg(1)'), when: 'danger' },
      'fuzzyCall | any.fuzzyCall | any().fuzzyCall': sink('arg(0)'),
      'BaseClass.new().baseclassSource()': { source: 'test' },
      'parenthesizedPackageName()': { source: 'test' },
      'typevar.a.b().c.mySink | typevar.left.x.right.mySink': sink('arg(0)'),
    },
  }
}

function sink(at: string): { sinks: Record<string, string> } {
  return { sinks: { [at]: 'test' } }
}
