import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import type { AddressInfo } from 'node:net'
import { importVerificationKey, publicJwk } from 'barre/jose'
import { main } from './main.ts'

const directory = await mkdtemp(join(tmpdir(), 'barre-jwt-'))
const inDirectory = (name: string): string => join(directory, name)

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwks = JSON.stringify({
  keys: [{ ...publicJwk(importVerificationKey(publicKey, { path: 'key' })), kid: 'k1', alg: 'ES256' }],
})
const server = createServer((_request, response) => response.end(jwks))
await once(server.listen(0, '127.0.0.1'), 'listening')
const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
after(async () => {
  server.close()
  await rm(directory, { recursive: true })
})

await writeFile(inDirectory('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
await writeFile(
  inDirectory('locked.pem'),
  privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open' }),
)
await writeFile(inDirectory('password.txt'), 'open\n')
await writeFile(inDirectory('public.pem'), publicKey.export({ type: 'spki', format: 'pem' }))
await writeFile(inDirectory('jwks.json'), jwks)
await writeFile(inDirectory('secret.txt'), `${'s3cret-of-thirty-two-bytes-at-least'.repeat(2)}\n`)

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(argv: readonly string[], stdin = ''): Promise<Outcome> {
  let [stdout, stderr] = ['', '']
  const code = await main(argv, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { code, stdout, stderr }
}

const claims = ['--issuer', 'wso2', '--audience', 'ballerina', '--subject', 'counter', '--scope', 'add_order']

async function issue(...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['jwt', 'issue', ...claims, ...options])
  assert.equal(stderr, '')
  assert.equal(code, 0)
  return stdout.trim()
}

const token = await issue('--key', inDirectory('key.pem'), '--key-id', 'k1')
const macToken = await issue('--secret-file', inDirectory('secret.txt'))
const names = ['--issuer', 'wso2', '--audience', 'ballerina']

const accepted: readonly (readonly [how: string, token: string, options: readonly string[]])[] = [
  ['a JWKS file', token, ['--jwks', inDirectory('jwks.json')]],
  ['a JWKS URL', token, ['--jwks', jwksUrl]],
  ['a public key', token, ['--cert', inDirectory('public.pem')]],
  ['a secret file, without its line end', macToken, ['--secret-file', inDirectory('secret.txt')]],
  ['a scope that it holds', token, ['--cert', inDirectory('public.pem'), '--scope', 'add_order']],
]
for (const [how, jwt, options] of accepted) {
  test(`validate prints the payload of a token that holds by ${how}`, async () => {
    const { code, stdout, stderr } = await run(['jwt', 'validate', jwt, ...names, ...options])
    assert.deepEqual([code, stderr], [0, ''])
    const { iss, sub, aud, scope } = JSON.parse(stdout) as Record<string, unknown>
    assert.deepEqual(
      { iss, sub, aud, scope },
      { iss: 'wso2', sub: 'counter', aud: 'ballerina', scope: 'add_order' },
    )
  })
}

test('a token may come from standard input', async () => {
  const options = ['--cert', inDirectory('public.pem')]
  assert.equal((await run(['jwt', 'validate', '-', ...names, ...options], `${token}\n`)).code, 0)
})

const refused: readonly (readonly [what: string, argv: readonly string[], line: RegExp])[] = [
  [
    'another issuer',
    [token, '--issuer', 'x', '--audience', 'ballerina', '--cert', 'public.pem'],
    /: invalid: /,
  ],
  ['another audience', [token, '--issuer', 'wso2', '--audience', 'x', '--cert', 'public.pem'], /: invalid: /],
  ['a missing scope', [token, ...names, '--cert', 'public.pem', '--scope', 'x'], /: insufficient_scope: /],
  ['a text that is no token', ['abc', ...names, '--cert', 'public.pem'], /: malformed: /],
  ['the wrong kind of key', [macToken, ...names, '--cert', 'public.pem'], /: invalid: /],
  ['an unreachable JWKS', [token, ...names, '--jwks', 'http://127.0.0.1:1/jwks'], /: unavailable: /],
  ['an absent key file', [token, ...names, '--cert', 'absent.pem'], /certFile: the file cannot be read/],
  ['a JWKS over plain http', [token, ...names, '--jwks', 'http://issuer.example/jwks'], /https/],
]
for (const [what, argv, line] of refused) {
  test(`validate refuses ${what} in one line, with exit code 1`, async () => {
    const placed = argv.map((word) => (word.endsWith('.pem') ? inDirectory(word) : word))
    const { code, stdout, stderr } = await run(['jwt', 'validate', ...placed])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, line)
    assert.equal(stderr.trim().split('\n').length, 1)
  })
}

test('an expired token is refused as expired', async () => {
  const old = await issue('--key', inDirectory('key.pem'), '--claim', 'exp=1700000000')
  const { code, stderr } = await run(['jwt', 'validate', old, ...names, '--cert', inDirectory('public.pem')])
  assert.equal(code, 1)
  assert.match(stderr, /: expired: /)
})

const misused: readonly (readonly [argv: readonly string[], line: RegExp])[] = [
  [['validate'], /--audience is required/],
  [['validate', ...names, '--cert', 'x'], /TOKEN is required/],
  [['validate', 'a.b.c', ...names], /give one of --jwks, --cert and --secret-file/],
  [['validate', 'a.b.c', ...names, '--cert', 'x', '--jwks', 'y'], /give one of/],
  [['validate', 'a.b.c', '--audience', 'x', '--cert', 'x'], /--issuer is required/],
  [['validate', 'a.b.c', ...names, '--cert', 'x', '--clock-skew', 'ten'], /whole number of seconds/],
  [['validate', 'a.b.c', 'd', ...names, '--cert', 'x'], /unexpected d/],
  [['decode'], /TOKEN is required/],
  [['issue'], /give one of --key and --secret-file/],
  [['issue', '--key', 'x', '--algorithm', 'none'], /--alg is one of RS256/],
  [['issue', '--key', 'x', '--claim', 'tenant'], /NAME=JSON/],
]
for (const [argv, line] of misused) {
  test(`jwt ${argv.join(' ')} is a usage error`, async () => {
    const { code, stdout, stderr } = await run(['jwt', ...argv])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, line)
  })
}

test('decode prints header and payload of any token, unverified', async () => {
  const { code, stdout } = await run(['jwt', 'decode', macToken])
  assert.equal(code, 0)
  const { header, payload } = JSON.parse(stdout) as { header: object; payload: { sub: string } }
  assert.deepEqual(header, { alg: 'HS256', typ: 'JWT' })
  assert.equal(payload.sub, 'counter')
})

test('decode refuses a text that is no token', async () => {
  const { code, stderr } = await run(['jwt', 'decode', 'abc'])
  assert.equal(code, 1)
  assert.match(stderr, /^barre jwt decode: malformed: /)
})

test('issue takes claims as JSON or text, several audiences, and the algorithm that was asked for', async () => {
  const options = [
    '--claim',
    'tenant=acme',
    '--claim',
    'level=3',
    '--audience',
    'second',
    '--expires-in',
    '60',
  ]
  const issued = await issue('--secret-file', inDirectory('secret.txt'), '--algorithm', 'HS512', ...options)
  const { stdout } = await run(['jwt', 'decode', issued])
  const { header, payload } = JSON.parse(stdout) as Record<'header' | 'payload', Record<string, unknown>>
  assert.equal(header['alg'], 'HS512')
  const short = await run([
    'jwt',
    'decode',
    await issue('--secret-file', inDirectory('secret.txt'), '--alg=HS512'),
  ])
  assert.match(short.stdout, /"alg": "HS512"/)
  const { tenant, level, aud, exp, iat } = payload
  assert.deepEqual({ tenant, level, aud }, { tenant: 'acme', level: 3, aud: ['ballerina', 'second'] })
  assert.equal(Number(exp) - Number(iat), 60)
})

test('issue opens an encrypted key with its password file, and names the key that it cannot open', async () => {
  const key = ['--key', inDirectory('locked.pem')]
  const issued = await issue(...key, '--key-password-file', inDirectory('password.txt'))
  assert.equal(issued.split('.').length, 3)
  const { code, stderr } = await run(['jwt', 'issue', ...key])
  assert.equal(code, 1)
  assert.match(stderr, /locked\.pem: the key cannot be read/)
})

test('issue refuses a short secret', async () => {
  await writeFile(inDirectory('short.txt'), 'short')
  const { code, stderr } = await run(['jwt', 'issue', '--secret-file', inDirectory('short.txt')])
  assert.equal(code, 1)
  assert.match(stderr, /the secret has 5 bytes/)
})
