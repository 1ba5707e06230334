import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { sharedTest } from '../../../tools/shared.ts'
import { output, run } from '../test/run-main.ts'
import { lineMaxBytes } from './lines.ts'
import type { KeyObject } from 'node:crypto'

const directory = await mkdtemp(join(tmpdir(), 'barre-lines-'))
after(() => rm(directory, { recursive: true }))
const at = (name: string): string => join(directory, name)

/** The answers to the lines of one run, which must end well. */
async function answers(argv: readonly string[], requests: readonly unknown[]): Promise<readonly Answer[]> {
  const lines = await output(argv, requests.map((request) => `${JSON.stringify(request)}\n`).join(''))
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)
}

interface Answer {
  readonly id?: unknown
  readonly ok: boolean
  readonly code?: string
  readonly payload?: string
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })
const octet = { kty: 'oct', k: randomBytes(32).toString('base64url'), kid: 'shared' }
const set = { keys: [jwk(ec.publicKey, { kid: 'ec' }), jwk(rsa.publicKey, { kid: 'rsa', use: 'enc' })] }
await writeFile(at('ec.jwk'), JSON.stringify(jwk(ec.privateKey, { alg: 'ES256', kid: 'ec' })))
await writeFile(at('ec.set'), JSON.stringify(set))
await writeFile(at('octet'), JSON.stringify(octet))
const message = 'Every wire, one rail.\n'

test('--stdin answers each line with a line, whatever the line is', async () => {
  const token = (await output(['jws', 'sign', '--key', at('ec.jwk')], message)).trim()
  const json: unknown = JSON.parse(await output(['jws', 'sign', '--key', at('ec.jwk'), '--json'], message))
  const payload = Buffer.from(message).toString('base64url')
  const key = jwk(ec.publicKey)
  const pem = ec.publicKey.export({ type: 'spki', format: 'pem' })
  const requests: readonly (readonly [unknown, Answer])[] = [
    [
      { id: 1, token, key },
      { id: 1, ok: true, payload },
    ],
    [
      { id: 'two', token: json, key },
      { id: 'two', ok: true, payload },
    ],
    [
      { token, key: pem, alg: 'ES256' },
      { ok: true, payload },
    ],
    [
      { id: 3, token, key: set },
      { id: 3, ok: true, payload },
    ],
    [
      { id: 4, token, key, alg: 'RS256' },
      { id: 4, ok: false, code: 'invalid' },
    ],
    [
      { id: 5, token: `${token}.`, key },
      { id: 5, ok: false, code: 'malformed' },
    ],
    [
      { id: 6, token, key: octet },
      { id: 6, ok: false, code: 'invalid' },
    ],
    [
      { id: 7, token, key: {} },
      { id: 7, ok: false, code: 'invalid' },
    ],
    [
      { id: 12, token, key: { ...jwk(ec.privateKey), key_ops: 1 } },
      { id: 12, ok: false, code: 'invalid' },
    ],
    [
      { id: 8, token },
      { id: 8, ok: false, code: 'invalid' },
    ],
    [
      { id: 9, token: 1, key },
      { id: 9, ok: false, code: 'malformed' },
    ],
    [
      { id: 10, key },
      { id: 10, ok: false, code: 'malformed' },
    ],
    [
      { id: 11, token, key: [] },
      { id: 11, ok: false, code: 'malformed' },
    ],
    ['text', { ok: false, code: 'malformed' }],
    [null, { ok: false, code: 'malformed' }],
  ]
  const given = await answers(
    ['jws', 'verify', '--stdin'],
    requests.map(([request]) => request),
  )
  assert.deepEqual(
    given,
    requests.map(([, answer]) => answer),
  )
  const [withFile] = await answers(['jws', 'verify', '--stdin', '--key', at('ec.set')], [{ token }])
  assert.deepEqual(withFile, { ok: true, payload })
})

test('--stdin reads lines however they are cut, and forgets one that is too long', async () => {
  const token = (await output(['jws', 'sign', '--key', at('ec.jwk')], message)).trim()
  const line = Buffer.from(JSON.stringify({ token, key: jwk(ec.publicKey) }))
  const end = Buffer.from('\n')
  const filler = (bytes: number) =>
    Buffer.concat([line.subarray(0, -1), Buffer.alloc(bytes - line.length, 0x20), line.subarray(-1)])
  const chunks = [
    line.subarray(0, 9),
    line.subarray(9),
    end,
    end,
    Buffer.from(' \r\n'),
    filler(lineMaxBytes),
    end,
  ]
  const tooLong = [filler(lineMaxBytes + 1).subarray(0, 99), filler(lineMaxBytes + 1).subarray(99), end]
  const { code, stdout } = await run(['jws', 'verify', '--stdin'], [...chunks, ...tooLong, line])
  assert.equal(code, 0)
  const verdicts = stdout
    .trim()
    .split('\n')
    .map((answer) => (JSON.parse(answer) as Answer).code ?? 'ok')
  assert.deepEqual(verdicts, ['ok', 'ok', 'malformed', 'ok'])
})

test('jwe decrypt --stdin binds each line to its key, alg and enc', async () => {
  const token = (await output(['jwe', 'encrypt', '--key', at('octet'), '--alg', 'A256KW'], message)).trim()
  const payload = Buffer.from(message).toString('base64url')
  const given = await answers(
    ['jwe', 'decrypt', '--stdin'],
    [
      { id: 1, token, key: octet },
      { id: 2, token, key: octet, alg: 'A256KW', enc: 'A256GCM' },
      { id: 3, token, key: octet, enc: 'A128GCM' },
      { id: 4, token, key: octet, alg: 'dir' },
      { id: 5, token, key: octet, alg: 'none' },
      { id: 6, token, key: { ...octet, alg: 'A256GCMKW' } },
      { id: 7, token, key: { keys: [jwk(rsa.privateKey, { kid: 'other' }), octet] } },
      { id: 8, token, key: { keys: [] } },
    ],
  )
  const verdicts = given.map(({ id, ok, code, payload: found }) => [id, ok ? found === payload : code])
  assert.deepEqual(verdicts, [
    [1, true],
    [2, true],
    [3, 'invalid'],
    [4, 'invalid'],
    [5, 'invalid'],
    [6, 'invalid'],
    [7, true],
    [8, 'invalid'],
  ])
})

async function judge(argv: readonly string[], request: object): Promise<string | undefined> {
  const [answer] = await answers(['jwt', 'validate', '--stdin', ...argv], [request])
  return answer?.ok === true ? answer.payload : answer?.code
}

test('jwt validate --stdin judges tokens with the key of the line, or that of the command line', async () => {
  await writeFile(at('ec.pem'), ec.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeFile(at('ec.pub'), ec.publicKey.export({ type: 'spki', format: 'pem' }))
  const issue = [
    'jwt',
    'issue',
    '--issuer',
    'sts',
    '--audience',
    'orders',
    '--key',
    at('ec.pem'),
    '--algorithm',
    'ES256',
  ]
  const token = (await output(issue)).trim()
  const [, payload] = token.split('.')
  const key = jwk(ec.publicKey)
  assert.equal(await judge([], { token, key }), payload)
  assert.equal(
    await judge(['--issuer', 'sts', '--audience', 'orders'], { token, key, alg: 'ES256' }),
    payload,
  )
  assert.equal(await judge(['--cert', at('ec.pub')], { token }), payload)
  assert.equal(await judge(['--issuer', 'other'], { token, key }), 'invalid')
  assert.equal(await judge(['--audience', 'other'], { token, key }), 'invalid')
  assert.equal(await judge(['--scope', 'admin'], { token, key }), 'insufficient_scope')
  assert.equal(await judge([], { token, key: octet }), 'invalid')
  assert.equal(await judge([], { token }), 'malformed')
  assert.equal(await judge([], { token: {}, key }), 'malformed')
})

interface Group {
  readonly private?: object
  readonly public?: object
  readonly tests: readonly {
    readonly tcId: number
    readonly jws?: unknown
    readonly jwe?: unknown
    readonly result: string
  }[]
}

for (const [file, member, argv, deviations] of [
  ['json_web_key_test.json', 'jws', ['jws', 'verify', '--stdin'], []],
  ['json_web_encryption_test.json', 'jwe', ['jwe', 'decrypt', '--stdin', '--legacy', '--zip'], []],
  // The reasons are in the table of packages/barre/src/jose/vectors.test.ts.
  [
    'json_web_signature_test.json',
    'jws',
    ['jws', 'verify', '--stdin'],
    [346, 347, 350, 351, 367, 370, 372, 373],
  ],
] as const) {
  sharedTest(`${argv.slice(0, 2).join(' ')} --stdin: ${file}`, ['jose', 'wycheproof', file], async (path) => {
    const { testGroups } = JSON.parse(readFileSync(path, 'utf8')) as { readonly testGroups: readonly Group[] }
    const tests = testGroups.flatMap((group) =>
      group.tests.map((vector) => ({
        ...vector,
        key: member === 'jwe' ? group.private : (group.public ?? group.private),
      })),
    )
    const requests = tests.map((vector) => ({ id: vector.tcId, token: vector[member], key: vector.key }))
    const given = await answers(argv, requests)
    assert.deepEqual(
      given.map(({ id }) => id),
      tests.map(({ tcId }) => tcId),
    )
    const unlike = tests.filter(({ result }, index) => given[index]?.ok !== (result === 'valid'))
    assert.deepEqual(
      unlike.map(({ tcId }) => tcId),
      deviations,
    )
  })
}
