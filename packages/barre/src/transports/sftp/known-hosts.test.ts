import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import ssh2 from 'ssh2'
import { findHost } from './known-hosts.ts'

const [key, other] = [0, 1].map(() => ssh2.utils.generateKeyPairSync('ed25519').public.trim()) as [
  string,
  string,
]
const salt = Buffer.alloc(20, 7)
const hashOf = (name: string) =>
  `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`

for (const [claim, lines, host, port, known] of [
  ['its name', [`files.example ${key}`], 'files.example', 22, 1],
  ['its name in another case', [`Files.Example ${key}`], 'files.EXAMPLE', 22, 1],
  ['its address', [`192.0.2.1 ${key}`], '192.0.2.1', 22, 1],
  ['one name among several', [`a,files.example,b ${key} a comment`], 'files.example', 22, 1],
  ['its port', [`[files.example]:2222 ${key}`], 'files.example', 2222, 1],
  ['another port', [`[files.example]:2222 ${key}`], 'files.example', 2223, 0],
  ['no port, where it is not on 22', [`files.example ${key}`], 'files.example', 2222, 0],
  ['another name', [`files.example.org ${key}`], 'files.example', 22, 0],
  ['a name where a dot is any character', [`filesxexample ${key}`], 'files.example', 22, 0],
  ['a pattern', [`*.example ${key}`], 'files.example', 22, 1],
  ['a pattern of one character', [`f?les.example ${key}`], 'files.example', 22, 1],
  ['a pattern with a port', [`[*.example]:2222 ${key}`], 'files.example', 2222, 1],
  ['a pattern that leaves it out', [`*.example,!files.example ${key}`], 'files.example', 22, 0],
  ['the hash of its name', [`${hashOf('files.example')} ${key}`], 'files.example', 22, 1],
  ['the hash of its port', [`${hashOf('[files.example]:2222')} ${key}`], 'files.example', 2222, 1],
  ['the hash of another name', [`${hashOf('other.example')} ${key}`], 'files.example', 22, 0],
  [
    'a hash of another kind',
    [`${hashOf('files.example').replace('|1|', '|2|')} ${key}`],
    'files.example',
    22,
    0,
  ],
  ['two keys', [`files.example ${key}`, `files.example ${other}`], 'files.example', 22, 2],
  ['a comment', [`# files.example ${key}`, '', '  '], 'files.example', 22, 0],
  ['a key that is cut off', [`files.example ${key.slice(0, -9)}`], 'files.example', 22, 0],
  [
    'a key of another type',
    [`files.example ${key.replace('ssh-ed25519', 'ssh-rsa')}`],
    'files.example',
    22,
    0,
  ],
  ['only a revoked key', [`@revoked files.example ${key}`], 'files.example', 22, 0],
  ['only an authority', [`@cert-authority *.example ${key}`], 'files.example', 22, 0],
  ['a marker of another kind', [`@maybe files.example ${key}`], 'files.example', 22, 0],
] as const) {
  test(`${known} key(s) of a server, by ${claim}`, () => {
    assert.equal(findHost(lines.join('\r\n'), host, port).known.length, known)
  })
}

test('a revoked key and an authority are told', () => {
  const { revoked, hasAuthority } = findHost(
    `@revoked * ${key}\n@cert-authority *.example ${other}`,
    'a.example',
    22,
  )
  assert.deepEqual([revoked.length, hasAuthority], [1, true])
})
