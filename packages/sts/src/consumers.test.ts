import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { connect as connectBroker } from 'barre/rabbitmq'
import { systemClock } from 'barre/core'
import { dovecot, rabbitMq, skipWithout } from '../../../tools/servers/index.ts'
import { createTestCa } from '../../../tools/test-ca.ts'
import { basic, cheapHash, client, secret, testSts, withUsers } from '../test/fixture.ts'
import type { Jwks } from 'barre/jose'

const rights = ['rabbitmq.configure:*/*', 'rabbitmq.read:*/*', 'rabbitmq.write:*/*']

test('RabbitMQ takes our access tokens, with the keys that we publish, and none that has ended', async (t) => {
  if (skipWithout(rabbitMq, t)) return
  let aheadMs = 0
  const audiences = ['rabbitmq', 'elsewhere']
  const sts = await testSts(
    t,
    { clients: [await client('gateway', { scopes: rights, audiences })] },
    { now: () => systemClock() + aheadMs },
  )
  const jwks = (await (await fetch(`${sts.url}/oauth2/jwks`)).json()) as Jwks
  const [key] = jwks.keys
  assert.ok(key?.kid)
  const tokenKey = createPublicKey({ key, format: 'jwk' }).export({
    format: 'pem',
    type: 'spki',
  })
  const ca = await createTestCa()
  t.after(() => ca.remove())
  const server = await rabbitMq.start({
    tls: { ...ca.server, caFile: ca.caFile },
    user: { name: 'admin', password: 'only-for-the-start' },
    tokenKey: tokenKey.toString(),
    tokenKeyId: key.kid,
  })
  t.after(() => server.stop())
  const ask = async (audience: string): Promise<string> => {
    const { status, body } = await sts.token({ grant_type: 'client_credentials', audience })
    assert.equal(status, 200)
    return String(body['access_token'])
  }
  const use = async (token: string): Promise<void> => {
    const connection = await connectBroker({
      url: `amqps://localhost:${server.ports['amqps']}`,
      auth: { token },
      secureSocket: { cert: ca.caFile, key: ca.client },
    })
    try {
      await (await connection.createChannel()).assertQueue('ours')
    } finally {
      await connection.close()
    }
  }
  const token = await ask('rabbitmq')
  await use(token)
  const refused = { message: /ACCESS[-_]REFUSED/ }
  await assert.rejects(use(await ask('elsewhere')), refused, 'of another audience')
  await assert.rejects(use(`${token.slice(0, -4)}AAAA`), refused, 'of another signature')
  aheadMs = -3_600_000
  await assert.rejects(use(await ask('rabbitmq')), refused, 'of an hour ago')
})

test('Dovecot asks us about the tokens of IMAP: revoked ones and those of others do not log in', async (t) => {
  if (skipWithout(dovecot, t)) return
  const grants = ['password'] as const
  const mailSecret = 'of-the-mail-server'
  const sts = await testSts(
    t,
    {
      ...(await withUsers(t)),
      legacy: { passwordGrant: true },
      tokens: { opaqueAudiences: ['mail'] },
      clients: [
        await client('gateway', { grants, audiences: ['imap', 'mail', 'elsewhere'] }),
        await client('dovecot', {
          grants: [],
          serves: ['imap', 'mail'],
          secretHash: await cheapHash(mailSecret),
        }),
      ],
    },
    { now: systemClock },
  )
  const ca = await createTestCa()
  t.after(() => ca.remove())
  const server = await dovecot.start({
    tls: { ...ca.server, caFile: ca.caFile },
    tokens: {
      introspectionUrl: `${sts.url}/oauth2/introspect`,
      clientId: 'dovecot',
      clientSecret: mailSecret,
    },
  })
  t.after(() => server.stop())
  const trust = { port: server.ports.imaps, host: 'localhost', ca: readFileSync(ca.caFile) }
  const logIn = async (token: string, user = 'alice'): Promise<string> => {
    const socket = connect(trust)
    const sent = Buffer.from(`user=${user}\u0001auth=Bearer ${token}\u0001\u0001`).toString('base64')
    for await (const chunk of socket) {
      const line = String(chunk)
      const verdict = /^a (OK|NO|BAD)/m.exec(line)?.[1]
      // Ends the loop, and with it the connection.
      if (verdict !== undefined) return verdict
      // The reason of a refusal has to be acknowledged.
      socket.write(line.startsWith('+') ? '\r\n' : `a AUTHENTICATE XOAUTH2 ${sent}\r\n`)
    }
    return 'no answer'
  }
  const ask = async (audience: string): Promise<string> => {
    const login = { grant_type: 'password', username: 'alice', password: 'wonderland', audience }
    return String((await sts.token(login)).body['access_token'])
  }
  for (const audience of ['imap', 'mail']) {
    const token = await ask(audience)
    assert.equal(await logIn(token), 'OK', audience)
    assert.equal(await logIn(token, 'bob'), 'NO', 'another mailbox')
    assert.equal((await sts.post('/oauth2/revoke', { token }, basic('gateway', secret))).status, 200)
    assert.equal(await logIn(token), 'NO', 'revoked')
  }
  assert.equal(await logIn(await ask('elsewhere')), 'NO', 'of another audience')
  assert.equal(await logIn('x.y.z'), 'NO')
})
