import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withServices } from '../../auth/index.ts'
import { smtpTransport } from './create-transport.ts'

const createTransport = withServices(smtpTransport)
const auth = { username: 'alice', password: 'word' }
const host = 'mail.example'

describe('a transport is not made', () => {
  for (const [claim, config, path] of [
    ['without a server', { auth }, 'host'],
    ['with an auth of no kind', { host, auth: { apiKey: 'x' } }, 'auth'],
    ['in clear text off loopback', { host, auth, security: 'START_TLS_NEVER' }, 'security'],
    ['with a password in options', { host, pass: 'word' }, 'pass'],
  ] as const) {
    test(claim, () => {
      assert.throws(() => createTransport(config as never), { name: 'ConfigError', path })
    })
  }
})

test('nobody need log in where the server takes mail from everybody', () => {
  createTransport({ host }).close()
})
