import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeServices } from '../../../test/fake-services.ts'
import { allowInsecureEndpoint, record } from '../../core/index.ts'
import type { Log } from '../../core/index.ts'
import { mailMembers, toMailSettings } from './config.ts'
import type { MailConfig } from './config.ts'

const shape = record<MailConfig>(mailMembers)
const ports = { implicit: 993, startTls: 143 }

function settingsOf(config: unknown, warnings: unknown[] = []) {
  const services = fakeServices(() => 1_800_000_000_000)
  const log: Log = { ...services.log, warn: (...given) => void warnings.push(given) }
  return toMailSettings(shape.check(config, ''), ports, { ...services, log })
}

const far = 'mail.example'
const insecure = { [allowInsecureEndpoint]: true }

describe('how a connection is encrypted', () => {
  for (const [claim, config, encryption, port, warnings] of [
    ['TLS from the start is the default', { host: far }, 'implicit', 993, 0],
    ['a port of its own', { host: far, port: 3993 }, 'implicit', 3993, 0],
    ['StartTLS always', { host: far, security: 'START_TLS_ALWAYS' }, 'required', 143, 0],
    ['always on loopback, too', { host: '127.0.0.1', security: 'START_TLS_ALWAYS' }, 'required', 143, 0],
    ['auto off loopback is always', { host: far, security: 'START_TLS_AUTO' }, 'required', 143, 0],
    ['auto on loopback', { host: 'localhost', security: 'START_TLS_AUTO' }, 'offered', 143, 0],
    [
      'auto by a named option, with a warning',
      { host: far, security: 'START_TLS_AUTO', ...insecure },
      'offered',
      143,
      1,
    ],
    ['never on loopback', { host: '::1', security: 'START_TLS_NEVER' }, 'none', 143, 0],
    [
      'never by a named option, with a warning',
      { host: far, security: 'START_TLS_NEVER', ...insecure },
      'none',
      143,
      1,
    ],
    ['the option alone changes nothing', { host: far, ...insecure }, 'implicit', 993, 0],
  ] as const) {
    test(claim, () => {
      const heard: unknown[] = []
      const settings = settingsOf(config, heard)
      assert.deepEqual([settings.encryption, settings.port, heard.length], [encryption, port, warnings])
    })
  }
})

describe('a connection does not start', () => {
  for (const [claim, config, path] of [
    ['without a server', {}, 'host'],
    ['in clear text off loopback', { host: far, security: 'START_TLS_NEVER' }, 'security'],
    [
      'with TLS in clear text',
      { host: 'localhost', security: 'START_TLS_NEVER', secureSocket: {} },
      'security',
    ],
    ['with a security of no name', { host: far, security: 'TLS' }, 'security'],
    ['with a port that there is not', { host: far, port: 65_536 }, 'port'],
    [
      'with a server that nobody checks',
      { host: far, secureSocket: { enable: false } },
      'secureSocket.enable',
    ],
    [
      'with a name that nobody checks',
      { host: far, secureSocket: { verifyHostName: false } },
      'secureSocket.verifyHostName',
    ],
    ['with a slip in a name', { host: far, startTls: 'always' }, 'startTls'],
  ] as const) {
    test(claim, () => {
      assert.throws(() => settingsOf(config), { name: 'ConfigError', path })
    })
  }
})

test('the name that counts is the one that was configured, whatever a library asks for', () => {
  const certificate = { subject: { CN: far }, subjectaltname: `DNS:${far}` } as never
  const check = (config: MailConfig, asked: string): unknown =>
    settingsOf(config).tls.checkServerIdentity?.(asked, certificate)
  assert.equal(check({ host: far }, 'localhost'), undefined)
  assert.match(String(check({ host: '192.0.2.1' }, far)), /192\.0\.2\.1/)
  assert.equal(check({ host: '192.0.2.1', secureSocket: { serverName: far } }, 'other'), undefined)
})
