import { test } from 'node:test'
import assert from 'node:assert/strict'
import { checkDenialCodes, checkLinks } from './documents.ts'
import { checkEntries, checkFolders } from './folders.ts'
import { checkTidy } from './index.ts'
import { checkLines } from './lines.ts'
import { checkWords } from './words.ts'

const src = 'packages/barre/src'

const banned: [claim: string, path: string, text: string, problem: RegExp][] = [
  ['new Buffer', 'tools/a.ts', `const a = new Buffer('x')`, /Buffer\.from/],
  ['Math.random', `${src}/jose/a.ts`, `const a = Math.random()`, /services\.random/],
  ['the clock', `${src}/jose/a.ts`, `const a = Date.now()`, /services\.now/],
  ['the clock by another name', `${src}/jose/a.ts`, `const a = new Date()`, /services\.now/],
  ['the environment below cli', `packages/sts/src/a.ts`, `const a = process.env['A']`, /an argument/],
  [
    'a token compared from the right',
    `${src}/jose/a.ts`,
    `if (found === options.token) f()`,
    /timingSafeEqual/,
  ],
  ['a secret compared from the left', `${src}/jose/a.ts`, `if (a.secret !== found) f()`, /timingSafeEqual/],
  ['a silenced type error', `${src}/jose/a.ts`, `// @ts-ignore\nf()`, /ts-expect-error/],
  ['a lone test', `${src}/jose/a.test.ts`, `test.only('a', f)`, /without only/],
  ['a wish without an issue', 'README.md', 'TODO write this', /TODO #n/],
  ['a wish in a comment', `${src}/jose/a.ts`, '// TODO: later', /TODO #n/],
  ['a machine path', `${src}/jose/a.ts`, `const a = '/work/main/key.pem'`, /import\.meta/],
  ['a machine path in a page', 'docs/a.md', 'see /home/me/key.pem', /import\.meta/],
  ['a registry host', 'package-lock.json', `"resolved": "https://r.example/a.tgz"`, /without registry/],
  ['a folder named for nothing', `${src}/jose/utils/a.ts`, '', /says nothing/],
  ['a file named for nothing', `${src}/jose/helpers.ts`, '', /says nothing/],
]

for (const [claim, path, text, problem] of banned) {
  test(`catches ${claim}`, () => {
    const findings = checkWords([{ path, text }])
    assert.equal(findings.length, 1, JSON.stringify(findings))
    assert.match(findings[0]?.problem ?? '', problem)
  })
}

const fine: [claim: string, path: string, text: string][] = [
  ['the clock in its one place', `${src}/core/clock.ts`, `const a = Date.now()`],
  ['the clock in a comment', `${src}/jose/a.ts`, `// never Date.now()`],
  ['a kind named token', `${src}/jose/a.ts`, `if (a.kind === 'token') f()`],
  ['an absent token', `${src}/jose/a.ts`, `if (token === undefined || typeof token === 'string') f()`],
  ['a length', `${src}/jose/a.ts`, `if (4 === a.token.length) f()`],
  ['ArrayBuffer', `${src}/jose/a.ts`, `const a = new ArrayBuffer(8)`],
  ['a wish with its issue', 'README.md', 'TODO #12: more'],
  ['a URL', 'README.md', 'https://example.com/work/page and ../tmp/a'],
]

for (const [claim, path, text] of fine) {
  test(`allows ${claim}`, () => {
    assert.deepEqual(checkWords([{ path, text }]), [])
  })
}

test('catches a line of 121 columns and allows one of 120', () => {
  const files = [120, 121].map((columns) => ({ path: `a${columns}.ts`, text: 'x'.repeat(columns) }))
  assert.deepEqual(
    checkLines(files).map(({ path }) => path),
    ['a121.ts'],
  )
})

test('allows a long row of a Markdown table, and catches long prose', () => {
  const long = 'word '.repeat(30)
  assert.equal(checkLines([{ path: 'a.md', text: `| ${long} |\n\n${long}` }]).length, 1)
})

const whole = [
  'listener/index.ts',
  'listener/jwt/jwt.ts',
  'listener/jwt/jwt.test.ts',
  'listener/jwt/README.md',
]

test('allows a provider folder with all its parts', () => {
  assert.deepEqual(checkFolders(provider(whole)), [])
})

for (const [part, name] of [
  ['an implementation', 'listener/jwt/jwt.ts'],
  ['a test', 'listener/jwt/jwt.test.ts'],
  ['README.md', 'listener/jwt/README.md'],
  ['an export line', 'listener/index.ts'],
] as const) {
  test(`catches a provider folder without ${part}`, () => {
    const [finding, ...rest] = checkFolders(provider(whole.filter((kept) => kept !== name)))
    assert.match(finding?.problem ?? '', new RegExp(`^lacks ${part}`))
    assert.deepEqual(rest, [])
  })
}

function provider(names: readonly string[]): { path: string; text: string }[] {
  return names.map((name) => ({ path: `${src}/${name}`, text: `export * from './jwt/jwt.ts'` }))
}

test('catches an entry of 21 lines and allows one of 20', () => {
  const files = [20, 21].map((lines) => ({
    path: `${src}/entries/e${lines}.ts`,
    text: 'f()\n'.repeat(lines),
  }))
  assert.deepEqual(
    checkEntries(files).map(({ path }) => path),
    [`${src}/entries/e21.ts`],
  )
})

test('catches a link to nowhere and follows one to a file, a folder and a heading', () => {
  const text =
    '# The way in\n[a](a.md) [b](../docs/) [c](#the-way-in) [d](gone.md) [e](#gone) [f](https://a.example)'
  const findings = checkLinks([{ path: 'docs/a.md', text }])
  assert.deepEqual(
    findings.map(({ problem }) => problem),
    ['gone.md leads nowhere', '#gone leads nowhere'],
  )
})

test('allows a link to nowhere inside code', () => {
  assert.deepEqual(checkLinks([{ path: 'a.md', text: '```md\n[a](gone.md)\n```\n`[b](gone.md)`' }]), [])
})

test('catches a denial code that the page lacks, and one that it makes up', () => {
  const page = { path: 'docs/errors.md', text: '| code |\n|---|\n| `missing` |\n| `odd` |\n\n| `other` |\n' }
  assert.deepEqual(
    checkDenialCodes([page], ['missing', 'expired']).map(({ problem }) => problem),
    ['lacks the code expired', 'odd is no denial code'],
  )
})

test('makes every check', () => {
  const files = [
    { path: 'a.ts', text: `${'x'.repeat(121)} // @ts-ignore` },
    { path: 'a.md', text: '[a](gone.md)' },
    { path: `${src}/client/basic/basic.ts`, text: '' },
  ]
  assert.deepEqual(
    checkTidy(files).map(({ path }) => path),
    ['a.ts', 'a.ts', `${src}/client/basic/`, 'a.md', 'docs/errors.md'],
  )
})
