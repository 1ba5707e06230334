import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import { main } from './main.ts'

const directory = await mkdtemp(join(tmpdir(), 'barre-cli-'))
after(() => rm(directory, { recursive: true }))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(...argv: string[]): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const code = await main(argv, {
    stdin: Readable.from([]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

describe('barre', () => {
  it('says its version', async () => {
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, '../package.json'), 'utf8'),
    ) as Record<string, string>
    assert.deepEqual(await run('--version'), { code: 0, stdout: `barre ${version}\n`, stderr: '' })
  })

  for (const argv of [
    ['--help'],
    ['-h'],
    ['keys', '--help'],
    ['keys', 'generate', '--help'],
    ['keys', 'generate', '-h'],
  ]) {
    it(`explains itself on ${argv.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(...argv)
      assert.equal(code, 0)
      assert.match(stdout, /barre keys generate/)
      assert.equal(stderr, '')
    })
  }

  it('shows the overview and exits 2 without a verb', async () => {
    const { code, stdout } = await run()
    assert.equal(code, 2)
    assert.match(stdout, /Usage: barre VERB/)
  })

  for (const [argv, problem] of [
    [['nothing'], /no verb nothing/],
    [['keys'], /no verb keys/],
    [['keys', 'destroy'], /no verb keys destroy/],
    [['keys', 'generate'], /one of --ca and --cert/],
    [['keys', 'generate', '--ca', '--cert', '--out', 'x'], /one of --ca and --cert/],
    [['keys', 'generate', '--ca'], /--out is required/],
    [['keys', 'generate', '--ca', '--out'], /--out/],
    [['keys', 'generate', '--ca', '--out', 'x', '--dns', 'a'], /--dns goes with --cert/],
    [['keys', 'generate', '--ca', '--out', 'x', 'stray'], /unexpected stray/],
    [['keys', 'generate', '--ca', '--out', 'x', '--days', '0'], /--days is a whole number/],
    [['keys', 'generate', '--ca', '--out', 'x', '--days', '36501'], /--days is a whole number/],
    [['keys', 'generate', '--ca', '--out', 'x', '--key', 'DSA'], /EC or RSA/],
    [['keys', 'generate', '--cert', '--out', 'x', '--ca-dir', 'y'], /--name is required/],
    [
      ['keys', 'generate', '--cert', '--out', 'x', '--name', '../up', '--ca-dir', 'y'],
      /--name names the files/,
    ],
    [['keys', 'generate', '--cert', '--out', 'x', '--name', 'a'], /--ca-dir is required/],
    [['keys', 'generate', '--secret'], /Unknown option '--secret'/],
  ] as const) {
    it(`answers ${argv.join(' ')} with one line and exit code 2`, async () => {
      const { code, stdout, stderr } = await run(...argv)
      assert.equal(code, 2)
      assert.match(stderr, problem)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
      assert.equal(stdout, '')
    })
  }
})

describe('barre keys generate', () => {
  const caDirectory = join(directory, 'ca')
  const certificate = ['keys', 'generate', '--cert', '--out', directory, '--ca-dir', caDirectory]

  it('makes an authority, then a certificate of it, with private keys that only the owner reads', async () => {
    assert.equal((await run('keys', 'generate', '--ca', '--out', caDirectory, '--name', 'My CA')).code, 0)
    const { code, stdout } = await run(
      ...certificate,
      '--name',
      'order',
      '--dns',
      'order.internal',
      '--days',
      '7',
    )
    assert.equal(code, 0)
    assert.deepEqual(stdout.trim().split('\n'), [join(directory, 'order.crt'), join(directory, 'order.key')])
    const authority = new X509Certificate(await readFile(join(caDirectory, 'ca.crt')))
    const leaf = new X509Certificate(await readFile(join(directory, 'order.crt')))
    assert.equal(authority.subject, 'CN=My CA')
    assert.ok(leaf.checkIssued(authority))
    for (const file of [join(caDirectory, 'ca.key'), join(directory, 'order.key')]) {
      assert.equal((await stat(file)).mode & 0o777, 0o600)
    }
  })

  it('keeps existing files unless --force says otherwise', async () => {
    const before = await readFile(join(directory, 'order.key'), 'utf8')
    const refused = await run(...certificate, '--name', 'order')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /already there: .*order\.crt, .*order\.key; --force replaces/)
    assert.equal(await readFile(join(directory, 'order.key'), 'utf8'), before)
    assert.equal((await run(...certificate, '--name', 'order', '--force')).code, 0)
    assert.notEqual(await readFile(join(directory, 'order.key'), 'utf8'), before)
    assert.equal((await stat(join(directory, 'order.key'))).mode & 0o777, 0o600)
  })

  it('keeps a pair of which only one file exists', async () => {
    await writeFile(join(directory, 'half.crt'), 'mine')
    assert.equal((await run(...certificate, '--name', 'half')).code, 1)
    assert.equal(await readFile(join(directory, 'half.crt'), 'utf8'), 'mine')
  })

  it('exits 1 when the authority cannot be read', async () => {
    const absent = [
      'keys',
      'generate',
      '--cert',
      '--out',
      directory,
      '--name',
      'a',
      '--ca-dir',
      join(directory, 'no'),
    ]
    const { code, stderr } = await run(...absent)
    assert.equal(code, 1)
    assert.match(stderr, /ENOENT/)
  })

  it('exits 2 for a name that no certificate can hold', async () => {
    const { code, stderr } = await run(...certificate, '--name', 'b', '--ip', 'localhost')
    assert.equal(code, 2)
    assert.match(stderr, /localhost is not an IP address/)
  })
})
