import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { programTest, runIn } from '../../../test/program.ts'
import { pgp } from './pgp.ts'
import type { Run } from '../../../test/program.ts'

const data = randomBytes(70_000)

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += 1000) yield bytes.subarray(offset, offset + 1000)
}

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

interface Keys {
  readonly publicKey: Buffer
  readonly privateKey: Buffer
}

type Kind = readonly [user: string, signing: string, encrypting: string]

/** GnuPG with a home of its own and a pair of the kind in it, which we get too. */
async function withGpg(
  run: Run,
  folder: string,
  [user, signing, encrypting]: Kind,
  body: (gpg: Run, keys: Keys) => Promise<void>,
): Promise<void> {
  chmodSync(folder, 0o700)
  const quiet = ['--homedir', folder, '--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', '']
  const gpg: Run = (args, input) => run([...quiet, '--trust-model', 'always', ...args], input)
  try {
    gpg(['--quick-generate-key', user, signing, 'sign', 'never'])
    const listing = gpg(['--with-colons', '--list-keys', user]).toString()
    const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? ''
    gpg(['--quick-add-key', fingerprint, encrypting, 'encr', 'never'])
    const [publicKey, privateKey] = ['--export', '--export-secret-keys'].map((verb) => gpg([verb, user]))
    assert.ok(publicKey && privateKey)
    await body(gpg, { publicKey, privateKey })
  } finally {
    // The agent that it started would wait for more.
    runIn(folder, 'gpgconf')(['--homedir', folder, '--kill', 'gpg-agent'])
  }
}

const kinds: readonly Kind[] = [
  ['rsa@example.com', 'rsa2048', 'rsa2048'],
  ['ecc@example.com', 'ed25519', 'cv25519'],
]
for (const kind of kinds) {
  const [user, name] = kind
  programTest('gpg', `${name}: messages go out to GnuPG and come back, whole and as streams`, (run, folder) =>
    withGpg(run, folder, kind, async (gpg, { publicKey, privateKey }) => {
      const signWith = { key: privateKey }
      for (const armor of [true, false]) {
        for (const compression of ['none', 'zip', 'zlib'] as const) {
          const options = { publicKeys: publicKey, signWith, armor, compression }
          const streamed = await collect(pgp.encryptStream(inPieces(data), options))
          for (const ours of [await pgp.encrypt(data, options), streamed]) {
            const status = join(folder, 'status')
            assert.deepEqual(gpg(['--status-file', status, '--decrypt'], ours), data)
            assert.match(readFileSync(status, 'utf8'), /GOODSIG/)
          }
        }
        const [recipient, form] = [['--recipient', user], armor ? ['--armor'] : []]
        const theirs = gpg([...form, ...recipient, '--sign', '--local-user', user, '--encrypt'], data)
        const options = { privateKey: { key: privateKey }, verifyWith: publicKey }
        assert.deepEqual(await pgp.decrypt(theirs, options), { ok: true, value: data })
        assert.deepEqual(await collect(pgp.decryptStream(inPieces(theirs), options)), data)
        const unsigned = await pgp.decrypt(gpg([...form, ...recipient, '--encrypt'], data), options)
        assert.equal(!unsigned.ok && unsigned.denial.code, 'invalid')
      }
    }),
  )

  programTest('gpg', `${name}: signatures go out to GnuPG and come back`, (run, folder) =>
    withGpg(run, folder, kind, async (gpg, { publicKey, privateKey }) => {
      writeFileSync(join(folder, 'data'), data)
      for (const armor of [true, false]) {
        writeFileSync(join(folder, 'sig'), await pgp.sign(data, { privateKey: { key: privateKey }, armor }))
        gpg(['--verify', 'sig', 'data'])
        const theirs = gpg([...(armor ? ['--armor'] : []), '--local-user', user, '--detach-sign'], data)
        assert.ok(await pgp.verify(data, theirs, { publicKeys: publicKey }))
        assert.ok(!(await pgp.verify(data.subarray(1), theirs, { publicKeys: publicKey })))
      }
      writeFileSync(join(folder, 'data'), data.subarray(1))
      assert.throws(() => gpg(['--verify', 'sig', 'data']))
    }),
  )
}

programTest('gpg', 'what has no integrity protection is refused, though GnuPG would make it', (run, folder) =>
  withGpg(run, folder, kinds[0]!, async (gpg, { privateKey }) => {
    const options = [
      '--rfc2440',
      '--cipher-algo',
      'AES256',
      '--disable-mdc',
      '--recipient',
      'rsa@example.com',
    ]
    const theirs = gpg([...options, '--encrypt'], data)
    const opened = await pgp.decrypt(theirs, { privateKey: { key: privateKey } })
    assert.equal(opened.ok ? 'opened' : opened.denial.code, 'invalid')
  }),
)
