import { test } from 'node:test'
import assert from 'node:assert/strict'
import { parseSource } from './source.ts'

const imports: [claim: string, text: string, specifier: string | undefined, typeOnly: boolean][] = [
  ['an import', `import { a } from 'a'`, 'a', false],
  ['an import for its effect', `import 'a'`, 'a', false],
  ['a type import', `import type { A } from 'a'`, 'a', true],
  ['an import of a type and a value', `import { type A, a } from 'a'`, 'a', false],
  ['a re-export', `export { a } from 'a'`, 'a', false],
  ['a re-export of all', `export * from 'a'`, 'a', false],
  ['a lazy import', `const a = await import('a')`, 'a', false],
  ['a computed import', 'const a = await import(`${name}`)', undefined, false],
]

for (const [claim, text, specifier, typeOnly] of imports) {
  test(`sees ${claim}`, () => {
    assert.deepEqual(parseSource('a.ts', `\n${text}\n`).imports, [{ specifier, line: 2, typeOnly }])
  })
}

test('sees no import in a comment or a string, and none in an export of its own', () => {
  const text = `// import 'a'\nexport const a = "import 'a'"\n`
  assert.deepEqual(parseSource('a.ts', text).imports, [])
})

test('blanks comments, and nothing else, and keeps the lines', () => {
  const text = `const a = '// no' // yes\n/* yes\nyes */ const b = 1`
  assert.equal(parseSource('a.ts', text).code, `const a = '// no'       \n      \n       const b = 1`)
})

test('fails on a file that does not parse', () => {
  assert.throws(() => parseSource('a.ts', 'const ='), /^SyntaxError: a\.ts: /)
})
