import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { load } from 'barre/config'
import { allowInsecureListener } from 'barre/core'
import { config as ldapConfig } from '../../barre/src/listener/ldap-user-store/test/directory.ts'
import { cheapHash, client, outsideIssuer, temporaryDirectory } from '../test/fixture.ts'
import { startSts, stsShape } from './index.ts'
import type { RunningOpenLdap } from '../../../tools/servers/index.ts'
import type { StsConfig } from './index.ts'

const idp = outsideIssuer('https://idp.test').config

async function config(directory: string, more: object): Promise<StsConfig> {
  const usual = { issuer: 'https://sts.test', port: 0, keysDirectory: join(directory, 'keys') }
  return { ...usual, clients: [await client('gateway')], ...more }
}

const two = (first: object, second: object): object => ({
  trustedIssuers: [
    { ...idp, ...first },
    { ...outsideIssuer('https://other.test').config, ...second },
  ],
})

/** Nobody listens there: it is refused before it is asked. */
const ldapUserStoreConfig = ldapConfig({ ports: { ldap: 1 } } as RunningOpenLdap, { domainName: 'corp.test' })

const refused: [claim: string, more: object, path: string][] = [
  ['a missing issuer', { issuer: undefined }, 'issuer'],
  ['an issuer with a path', { issuer: 'https://sts.test/a' }, 'issuer'],
  ['an issuer with a trailing slash', { issuer: 'https://sts.test/' }, 'issuer'],
  ['an issuer that is no URL', { issuer: 'wso2' }, 'issuer'],
  ['an issuer over plain http off loopback', { issuer: 'http://sts.test' }, 'issuer'],
  ['a field that nobody knows', { tenants: [] }, 'tenants'],
  ['no clients: there is no default one', { clients: undefined }, 'clients'],
  ['an empty list of clients', { clients: [] }, 'clients'],
  ['a port that is text', { port: '8443' }, 'port'],
  ['clear text off loopback', { host: '0.0.0.0' }, 'secureSocket'],
  ['clear text on all of IPv6', { host: '::' }, 'secureSocket'],
  ['an algorithm that is not offered', { tokens: { algorithm: 'HS256' } }, 'tokens.algorithm'],
  ['alg none', { tokens: { algorithm: 'none' } }, 'tokens.algorithm'],
  ['a lifetime of nothing', { tokens: { lifetimeSeconds: 0 } }, 'tokens.lifetimeSeconds'],
  ['a lifetime beyond a day', { tokens: { lifetimeSeconds: 86_401 } }, 'tokens.lifetimeSeconds'],
  [
    'an issuer listed twice',
    {
      trustedIssuers: [
        { ...idp, subjectPrefix: 'a:' },
        { ...idp, subjectPrefix: 'b:' },
      ],
    },
    'trustedIssuers[1].jwtValidatorConfig.issuer',
  ],
  [
    'itself as an outside issuer',
    { trustedIssuers: [outsideIssuer('https://sts.test').config] },
    'trustedIssuers[0].jwtValidatorConfig.issuer',
  ],
  [
    'subject tokens for anybody',
    { trustedIssuers: [{ jwtValidatorConfig: { ...idp.jwtValidatorConfig, audience: false } }] },
    'trustedIssuers[0].jwtValidatorConfig.audience',
  ],
  [
    'a claim of its own carried over',
    { trustedIssuers: [{ ...idp, claims: ['email', 'scope'] }] },
    'trustedIssuers[0].claims[1]',
  ],
  ['two issuers without prefixes', two({}, {}), 'trustedIssuers[0].subjectPrefix'],
  [
    'two issuers of one prefix',
    two({ subjectPrefix: 'a:' }, { subjectPrefix: 'a:' }),
    'trustedIssuers[0].subjectPrefix',
  ],
  [
    'a prefix that begins another',
    two({ subjectPrefix: 'a' }, { subjectPrefix: 'ab' }),
    'trustedIssuers[1].subjectPrefix',
  ],
  ...['corp.', 'corp.test', 'corp.test:', 'corp.test:a', 'c'].map(
    (subjectPrefix): (typeof refused)[number] => [
      `an issuer of the prefix ${subjectPrefix} beside the directory corp.test`,
      { trustedIssuers: [{ ...idp, subjectPrefix }], users: { ldapUserStoreConfig } },
      'trustedIssuers[0].subjectPrefix',
    ],
  ),
]

for (const [claim, more, path] of refused) {
  test(`refuses ${claim}`, async (t) => {
    const given = await config(temporaryDirectory(t), more)
    await assert.rejects(startSts(given), { name: 'ConfigError', path })
  })
}

const clientCases: [claim: string, more: object, field: string][] = [
  ['a secret in plain text', { secretHash: 'PJz0UhTJMrHOo68QQNpvnqAY_3Aa' }, 'secretHash'],
  ['a secret hashed by something else', { secretHash: '$2b$12$abcdefghijklmnopqrstuv' }, 'secretHash'],
  ['no grants', { grants: [] }, 'grants'],
  ['a grant that is not offered', { grants: ['implicit'] }, 'grants[0]'],
  ['no audiences', { audiences: [] }, 'audiences'],
  ['a scope with a space', { scopes: ['read write'] }, 'scopes[0]'],
  ['an unknown way to authenticate', { authenticationMethod: 'client_secret_jwt' }, 'authenticationMethod'],
  ['a clientId that is not ASCII', { clientId: 'caf\u00e9' }, 'clientId'],
]

for (const [claim, more, field] of clientCases) {
  test(`refuses a client with ${claim}, by name`, async (t) => {
    const given = await config(temporaryDirectory(t), { clients: [await client('gateway', more)] })
    const path = `clients[0].${field}`
    await assert.rejects(startSts(given), (error: Error & { path?: string }) => {
      assert.equal(error.path, path)
      assert.equal(error.message.includes('PJz0'), false, 'never the secret')
      return true
    })
  })
}

test('refuses a second client of the same name', async (t) => {
  const given = await config(temporaryDirectory(t), { clients: [await client('a'), await client('a')] })
  await assert.rejects(startSts(given), { path: 'clients[1].clientId' })
})

test('refuses secrets hashed at different costs, whose times would tell clients apart', async (t) => {
  const costly = (await cheapHash('x')).replace('m=8,', 'm=16,')
  const clients = [await client('a'), await client('b', { secretHash: costly })]
  await assert.rejects(startSts(await config(temporaryDirectory(t), { clients })), {
    path: 'clients[1].secretHash',
  })
})

test('an issuer of a prefix of its own beside a directory is welcome', async (t) => {
  const more = {
    trustedIssuers: [{ ...idp, subjectPrefix: 'corp.test.idp:' }],
    users: { ldapUserStoreConfig },
  }
  const sts = await startSts(await config(temporaryDirectory(t), more))
  await sts.close()
})

test('clear text off loopback needs the named option', async (t) => {
  const given = await config(temporaryDirectory(t), { host: '0.0.0.0', [allowInsecureListener]: true })
  const sts = await startSts(given)
  await sts.close()
})

test('a TOML file is read whole', async (t) => {
  const directory = temporaryDirectory(t)
  const file = join(directory, 'sts.toml')
  writeFileSync(
    file,
    `
issuer = "https://sts.test"
port = 0
keysDirectory = "${join(directory, 'keys')}"

[tokens]
algorithm = "RS256"
lifetimeSeconds = 60

[[clients]]
clientId = "gateway"
secretHash = "${await cheapHash('secret')}"
grants = ["client_credentials"]
scopes = ["add_order"]
audiences = ["orders"]

[[trustedIssuers]]
claims = ["email"]
[trustedIssuers.jwtValidatorConfig]
issuer = "https://idp.test"
audience = "gateway"
[trustedIssuers.jwtValidatorConfig.signatureConfig.jwksConfig]
file = "${join(directory, 'jwks.json')}"
`,
  )
  writeFileSync(
    join(directory, 'jwks.json'),
    JSON.stringify(idp.jwtValidatorConfig.signatureConfig.jwksConfig!.jwks),
  )
  const sts = await startSts((await load({ file })).read('', stsShape))
  await sts.close()
})
