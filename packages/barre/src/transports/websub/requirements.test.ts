// Why: a table of requirements is worth what its tests are, and a test that was renamed is no longer there.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

const page = await readFile(new URL('requirements.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter((line) => /^\| \d/.test(line))

for (const row of rows) {
  const [, sections = '', requirement = '', shown = ''] = row.split(/ ?\| ?/)
  test(`§${sections} ${requirement}: its tests are there`, async () => {
    if (shown.startsWith('not applicable: ')) return
    for (const one of shown.split('<br>')) {
      const [, file = '', title = ''] = /^\[\w+\]\((\w+\.test\.ts)\): (.+)$/.exec(one) ?? []
      assert.notEqual(title, '', `${one}: expected [file](file.test.ts): the title of a test`)
      const source = await readFile(new URL(file, import.meta.url), 'utf8')
      assert.ok(hasTest(source, title), `${file} has no test “${title}”`)
    }
  })
}

/** Whether a title is written there, or made of a template whose gaps are filled by what is written there. */
function hasTest(source: string, title: string): boolean {
  const titles = [...source.matchAll(/\b(?:it|test)\(\s*(['`])(.*?)\1,/gs)].map(
    ([, , written = '']) => written,
  )
  return titles.some((written) => {
    const parts = written.split(/\$\{.*?\}+/s).map((part) => RegExp.escape(part))
    const [, ...filled] = new RegExp(`^${parts.join('(.+)')}$`).exec(title) ?? ['', undefined]
    return filled.every((gap) => gap !== undefined && source.includes(gap))
  })
}
