// Why: the kits call with Node, whose client and server could share a misunderstanding; curl was not written for us.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { isInstalled } from '../../tools/servers/index.ts'
import { nameOf, startService } from '../harness/service.ts'
import type { Service } from '../harness/service.ts'
import { issueToken } from '../harness/tokens.ts'
import { createWorld } from '../harness/world.ts'
import { jwt } from '../providers/index.ts'
import { overHttp } from '../transports/over-http.ts'
import * as transportKits from '../transports/index.ts'

const run = promisify(execFile)
const skip = isInstalled({ name: 'curl', program: 'curl' }) ? false : 'curl is not installed'
const features = skip === false ? (await run('curl', ['--version'])).stdout : ''
const world = await createWorld()
const tokens = await jwt.prepare(world)
const good = `authorization: Bearer ${await issueToken(world)}`
// Not on the command line, where other users of the machine could read it.
const headerFile = join(dirname(world.authorityFile), 'authorization')
await writeFile(headerFile, `${good}\n`, { mode: 0o600 })
const twiceFile = join(dirname(world.authorityFile), 'twice')
await writeFile(twiceFile, `${good}\n${good}\n`, { mode: 0o600 })
const certificateFile = join(dirname(world.authorityFile), 'alice.pem')
await writeFile(certificateFile, world.clients.alice.cert + world.clients.alice.key, { mode: 0o600 })

const withToken = ['--header', `@${headerFile}`]
const write = ['--header', 'content-type: application/json', '--data', '{"item":"cup"}']

const calls: readonly (readonly [claim: string, path: string, options: readonly string[], status: string])[] =
  [
    ['no token', '/plain', [], '401'],
    ['a token', '/plain', withToken, '200'],
    ['a token twice', '/plain', ['--header', `@${twiceFile}`], '400'],
    ['a password', '/plain', ['--user', 'alice:wonderland'], '401'],
    ['a token without the scope', '/elevated', withToken, '403'],
    ['no token, on an open resource', '/open', [], '200'],
    ['no token, asking for the head alone', '/plain', ['--head'], '401'],
    ['no token, with a body', '/plain', write, '401'],
    ['a token, with a body', '/plain', [...withToken, ...write], '200'],
    [
      'a token, with a body after 100 Continue',
      '/plain',
      [...withToken, ...write, '--header', 'expect: 100-continue'],
      '200',
    ],
    ['a dot segment', '/open/../plain', ['--path-as-is'], 'refused'],
    [
      'an upgrade to HTTP/2 in mid-connection',
      '/plain',
      ['--header', 'upgrade: h2c', '--header', 'connection: upgrade'],
      'refused',
    ],
  ]

for (const kit of Object.values(transportKits)) {
  if (kit.admitted !== overHttp.admitted) continue
  for (const version of ['1.1', '2'] as const) {
    // A server of HTTP/2 takes HTTP/1.1 too.
    if (version === '2' && !nameOf(kit).endsWith('HTTP/2')) continue
    const speaks = version === '1.1' || features.includes('HTTP2')
    describe(
      `curl ${version} to ${nameOf(kit)} over TLS`,
      { skip: skip || (speaks ? false : 'this curl speaks no HTTP/2') },
      () => {
        let service: Service
        before(async () => {
          const resources = { plain: 'service', open: false, elevated: { scopes: 'admin' } } as const
          service = await startService(
            { kit, security: 'optional certificate' },
            { auth: [tokens.entry], resources },
            { world },
          )
        })
        after(() => service.close())
        for (const [claim, path, options, expected] of calls) {
          test(`${claim}: ${expected}`, async () => {
            const { answer, handled } = await service.observe(() =>
              curl(version, service.url + path, options),
            )
            assert.equal(answer.version, version)
            if (expected === 'refused') assert.match(answer.status, /^4\d\d$/)
            else assert.equal(answer.status, expected)
            assert.equal(handled, expected === '200' ? 1 : 0)
          })
        }
      },
    )
  }
}

after(() => world.close())

async function curl(
  version: '1.1' | '2',
  url: string,
  options: readonly string[],
): Promise<{ readonly status: string; readonly version: string }> {
  const about = [
    '--silent',
    '--show-error',
    '--noproxy',
    '*',
    `--http${version}`,
    '--cacert',
    world.authorityFile,
  ]
  const ask = ['--write-out', '%{stderr}%{http_code} %{http_version}', ...options, url]
  const { stderr } = await run('curl', [...about, '--cert', certificateFile, ...ask])
  const [status = '', spoken = ''] = stderr.split(' ')
  return { status, version: spoken }
}
