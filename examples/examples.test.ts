// Every example runs by itself, ends by itself, and prints what its last comment says.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import {
  dovecot,
  exim,
  kafka,
  natsServer,
  natsStreaming,
  openLdap,
  openSsh,
  proFtpd,
  rabbitMq,
  skipWithout,
} from '../tools/servers/index.ts'
import type { Installable } from '../tools/servers/index.ts'

/** The examples that need real servers. */
const needs: Readonly<Record<string, readonly Installable[]>> = {
  'basic-auth-ldap-user-store': [openLdap],
  email: [dovecot, exim],
  ftp: [proFtpd],
  kafka: [kafka],
  nats: [natsServer],
  rabbitmq: [rabbitMq],
  sftp: [openSsh],
  stan: [natsStreaming],
}

const linesMax = 80

for (const file of globSync('*/*.ts', { cwd: import.meta.dirname }).toSorted()) {
  const path = join(import.meta.dirname, file)
  const text = readFileSync(path, 'utf8')
  const expected = /\n\/\*\n([^]*)\*\/\n$/.exec(text)?.[1]
  test(`${file} has at most ${linesMax} lines`, () => {
    assert.ok(text.trimEnd().split('\n').length <= linesMax)
  })
  // What has no output is a part of the examples beside it.
  if (expected === undefined) continue
  test(`${file} prints what it says`, async (context) => {
    const servers = needs[file.split('/')[0] ?? ''] ?? []
    if (servers.some((server) => skipWithout(server, context))) return
    const run = promisify(execFile)(process.execPath, ['--conditions=@barre/source', path])
    assert.deepEqual(await run, { stdout: expected, stderr: '' })
  })
}
