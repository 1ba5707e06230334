import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as jose from 'jose'
import { signJws } from 'barre/jose'
import { skipWithout } from '../../../../../tools/servers/index.ts'
import { softhsm } from '../../../../../tools/servers/softhsm.ts'
import { nowSeconds, testSts, verify } from '../../../test/fixture.ts'
import { makeStsKey } from '../../index.ts'
import { loadSigningKeys, makeKey, pruneKeys, publishAheadMs } from '../signing-keys.ts'
import { attributes, classes } from './library.ts'
import { openKeyDevice } from './key-device.ts'
import { openToken } from './token.ts'
import type { TestContext } from 'node:test'
import type { Pkcs11Config } from '../../config.ts'
import type { SigningAlgorithm } from '../key-types.ts'
import type { KeysConfig, SigningKeys } from '../signing-keys.ts'
import type { Attribute } from './library.ts'
import type { Device } from '../../../../../tools/servers/softhsm.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const grant = { grant_type: 'client_credentials' }
let nowMs = nowSeconds * 1000
const services = { now: () => nowMs, log }

/** A SoftHSM with an empty token that nobody is logged in to. */
async function device(t: TestContext): Promise<Pkcs11Config | undefined> {
  if (skipWithout(softhsm, t)) return undefined
  const made: Device = {}
  const server = await softhsm.start(made)
  t.after(() => server.stop())
  return { module: '', tokenLabel: '', pin: '', ...made.token, keyLabel: 'sts' }
}

function toKeys(config: Pkcs11Config, algorithm: SigningAlgorithm = 'ES256'): KeysConfig {
  return { place: openKeyDevice(config, 'pkcs11'), algorithm, tokenMaxLifetimeSeconds: 300 }
}

function kids(keys: SigningKeys): readonly (string | undefined)[] {
  return keys.published().keys.map(({ kid }) => kid)
}

const p256 = Buffer.from('06082a8648ce3d030107', 'hex')
const p384 = Buffer.from('06052b81040022', 'hex')

function labelled(value: string): readonly Attribute[] {
  return [
    { type: attributes.token, value: true },
    { type: attributes.label, value },
  ]
}

// One test, since a process is logged in to a device as a whole.
test('signing keys on a PKCS#11 token', async (t) => {
  const config = await device(t)
  if (config === undefined) return

  await t.test('what is wrong with the configuration is named', () => {
    for (const [wrong, path] of [
      [{ module: '/nowhere/lib.so' }, 'pkcs11.module'],
      [{ module: process.execPath }, 'pkcs11.module'],
      [{ tokenLabel: 'other' }, 'pkcs11.tokenLabel'],
      [{ pin: '12345' }, 'pkcs11.pin'],
      [{ pin: '1' }, 'pkcs11.pin'],
    ] as const) {
      assert.throws(
        () => openKeyDevice({ ...config, ...wrong }, 'pkcs11'),
        (error: Error) => {
          assert.deepEqual([error.name, 'path' in error && error.path], ['ConfigError', path])
          assert.doesNotMatch(error.message, /12345/)
          return true
        },
      )
    }
  })

  await t.test('the first key is made by command only, and found by its label', async (inner) => {
    await assert.rejects(testSts(inner, { pkcs11: config }), {
      path: 'pkcs11.keyLabel',
    })
    const other = { issuer: 'https://sts.test', port: 0, tokens: { algorithm: 'EdDSA' } } as const
    await assert.rejects(makeStsKey({ ...other, pkcs11: config }, services), { path: 'tokens.algorithm' })
    await makeStsKey({ issuer: 'https://sts.test', port: 0, pkcs11: config }, services)
    await makeKey(toKeys({ ...config, keyLabel: 'sts-2' }), services)
    const sts = await testSts(inner, { pkcs11: config })
    const answers = await Promise.all(Array.from({ length: 20 }, () => sts.token(grant)))
    for (const { status, body } of answers) {
      assert.equal(status, 200)
      assert.ok((await verify(sts.url, body['access_token'])).ok)
    }
    const jwks = await (await fetch(`${sts.url}/oauth2/jwks`)).text()
    assert.equal((JSON.parse(jwks) as jose.JSONWebKeySet).keys.length, 1, 'of the other label none')
    const set = jose.createLocalJWKSet(JSON.parse(jwks) as jose.JSONWebKeySet)
    assert.ok(await jose.compactVerify(String(answers[0]?.body['access_token']), set))
    const token = String(answers[0]?.body['access_token'])
    assert.equal((await sts.post('/oauth2/introspect', { token })).body['active'], true)
  })

  await t.test('a key is published before it signs, and can be pruned after its last token', async () => {
    const keys = await loadSigningKeys(toKeys(config), services)
    const old = keys.current().kid
    await makeStsKey({ issuer: 'https://sts.test', port: 0, pkcs11: config }, services)
    await keys.check()
    assert.equal(kids(keys).length, 2)
    assert.equal(keys.current().kid, old)
    nowMs += publishAheadMs + 1000
    assert.notEqual(keys.current().kid, old)
    assert.equal(kids(keys).length, 2)
    nowMs += 360_000
    assert.deepEqual(kids(keys), [keys.current().kid])
    const place = toKeys(config)
    assert.equal(await pruneKeys(place, nowMs), 1)
    assert.equal((await place.place.read()).length, 1)
    place.place.close()
    keys.close()
  })

  for (const algorithm of ['RS256', 'PS256'] as const) {
    await t.test(`${algorithm} too`, async () => {
      const rsa = toKeys({ ...config, keyLabel: algorithm }, algorithm)
      await makeKey(rsa, services)
      const keys = await loadSigningKeys(rsa, services)
      const token = await signJws({ typ: 'at+jwt' }, '{}', keys.current())
      const set = jose.createLocalJWKSet(keys.published() as jose.JSONWebKeySet)
      assert.equal((await jose.compactVerify(token, set)).protectedHeader.alg, algorithm)
      keys.close()
    })
  }

  await t.test('a key that cannot be used is named: of another curve, without its public half', async () => {
    const token = openToken(config, 'pkcs11')
    const toSign = { type: attributes.sign, value: true }
    const curve = { type: attributes.curve, value: p384 }
    token.generate({ mechanism: 0x1040 }, [...labelled('p384'), curve], [...labelled('p384'), toSign])
    token.generate({ mechanism: 0x1040 }, [...labelled('elsewhere'), curve], [...labelled('halved'), toSign])
    for (const keyLabel of ['p384', 'halved']) {
      const keys = toKeys({ ...config, keyLabel })
      await assert.rejects(loadSigningKeys(keys, services), { path: 'pkcs11.keyLabel' })
    }
    token.close()
  })

  await t.test('a token of more keys than are looked at is refused, not read in part', async () => {
    const token = openToken(config, 'pkcs11')
    const curve = { type: attributes.curve, value: p256 }
    const toSign = { type: attributes.sign, value: true }
    const isKey = { type: attributes.class, value: classes.privateKey }
    const there = token.find([isKey, toSign], 101).length
    for (let number = there; number < 100; number += 1) {
      const label = labelled(`other-${number}`)
      token.generate({ mechanism: 0x1040 }, [...label, curve], [...label, toSign])
    }
    const keys = await loadSigningKeys(toKeys(config), services)
    keys.close()
    token.generate({ mechanism: 0x1040 }, [...labelled('last'), curve], [...labelled('last'), toSign])
    await assert.rejects(loadSigningKeys(toKeys(config), services), { path: 'pkcs11.tokenLabel' })
    for (const object of token.find([{ type: attributes.label, value: 'last' }], 2)) token.destroy(object)
    token.close()
  })

  await t.test('a device that fails is told from a bug, and answers for nobody else’s key', async () => {
    const keys = await loadSigningKeys(toKeys(config), services)
    const signer = keys.current()
    const token = openToken(config, 'pkcs11')
    for (const object of token.find([{ type: attributes.sign, value: true }], 101)) token.destroy(object)
    await assert.rejects(async () => signer.sign(Buffer.from('x')), { code: 'ERR_KEY_DEVICE' })
    token.close()
    keys.close()
  })
})
