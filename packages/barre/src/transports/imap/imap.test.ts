import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withServices } from '../../auth/index.ts'
import { imapConnect } from './connect.ts'
import { imapListen } from './listen.ts'

const connect = withServices(imapConnect)
const listen = (config: object) =>
  withServices((checked: object, services) => imapListen(checked as never, () => undefined, services))(config)

const auth = { username: 'alice', password: 'word' }
const host = 'mail.example'

describe('does not start', () => {
  for (const [claim, config, path] of [
    ['without a server', { auth }, 'host'],
    ['as nobody', { host }, 'auth'],
    ['with an auth of no kind', { host, auth: { apiKey: 'x' } }, 'auth'],
    ['in clear text off loopback', { host, auth, security: 'START_TLS_NEVER' }, 'security'],
  ] as const) {
    test(`a connection ${claim}`, async () => {
      await assert.rejects(async () => connect(config as never), { name: 'ConfigError', path })
    })
    test(`a listener ${claim}`, async () => {
      await assert.rejects(async () => listen(config), { name: 'ConfigError', path })
    })
  }
  for (const [claim, config, path] of [
    ['that handles mails by no name', { handled: 'moved' }, 'handled'],
    ['that looks all the time', { pollingInterval: 0 }, 'pollingInterval'],
    ['that takes mails of any size', { maxMailBytes: 2 ** 31 }, 'maxMailBytes'],
    ['whose errors go nowhere', { onError: 'log' }, 'onError'],
  ] as const) {
    test(`a listener ${claim}`, async () => {
      await assert.rejects(async () => listen({ host, auth, ...config }), { name: 'ConfigError', path })
    })
  }
})

test('a server that is not there is an error at once', async () => {
  // Nobody listens on the discard port.
  const config = { host: '127.0.0.1', port: 9, auth }
  await assert.rejects(connect(config), { code: 'ECONNREFUSED' })
  await assert.rejects(listen(config), { code: 'ECONNREFUSED' })
})
