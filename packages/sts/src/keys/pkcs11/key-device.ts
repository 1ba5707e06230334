import { ConfigError } from 'barre/core'
import { externalSigner, publicJwk, thumbprint } from 'barre/jose'
import { nameOf, timeOf } from '../key-name.ts'
import { signingAlgorithms } from '../key-types.ts'
import { deviceAlgorithms } from './device-algorithms.ts'
import { attributes, classes } from './library.ts'
import { openToken } from './token.ts'
import type { Signer } from 'barre/jose'
import type { Pkcs11Config } from '../../config.ts'
import type { KeyPlace, PlacedKey } from '../key-place.ts'
import type { DeviceAlgorithm } from './device-algorithms.ts'
import type { Token } from './token.ts'

/** The most keys of a token that are looked at. */
const deviceKeysMax = 100

/**
 * Keys on a PKCS#11 token, which they never leave: pairs labelled `keyLabel`, or `keyLabel-20300102T030405Z-ES256`, as
 * they are made here. Throws ConfigError naming the field below `path`.
 */
export function openKeyDevice(config: Pkcs11Config, path: string): KeyPlace {
  const token = openToken(config, path)
  const { keyLabel } = config
  const nameOfLabel = (label: string): string | undefined => {
    if (label === keyLabel) return ''
    const name = label.startsWith(`${keyLabel}-`) ? label.slice(keyLabel.length + 1) : ''
    return timeOf(name) === undefined ? undefined : name
  }
  return {
    async read() {
      const keys = findPrivateKeys(token, path).flatMap(({ object, label, id }) => {
        const name = nameOfLabel(label)
        return name === undefined ? [] : [toPlacedKey(token, { object, label, id, name }, `${path}.keyLabel`)]
      })
      return keys.toSorted((one, other) => one.madeAtMs - other.madeAtMs)
    },
    async create(algorithm, nowMs) {
      const device = deviceAlgorithms[algorithm]
      if (device === undefined) {
        const known = Object.keys(deviceAlgorithms).join(' or ')
        throw new ConfigError('tokens.algorithm', `expected ${known} for the keys of a PKCS#11 token`)
      }
      const name = nameOf(algorithm, nowMs)
      makePair(token, device, `${keyLabel}-${name}`, `${path}.module`)
      return name
    },
    async remove(names) {
      for (const name of names.filter((one) => timeOf(one) !== undefined)) {
        const pair = token.find([{ type: attributes.label, value: `${keyLabel}-${name}` }], 2)
        for (const object of pair) token.destroy(object)
      }
    },
    firstKeyProblem: new ConfigError(
      `${path}.keyLabel`,
      'no key of the token has this label: barre sts keys rotate makes one',
    ),
    close: () => token.close(),
  }
}

interface FoundKey {
  readonly object: Buffer
  readonly label: string
  readonly id: Buffer
}

function findPrivateKeys(token: Token, path: string): readonly FoundKey[] {
  const template = [
    { type: attributes.class, value: classes.privateKey },
    { type: attributes.sign, value: true },
  ]
  const objects = token.find(template, deviceKeysMax + 1)
  if (objects.length > deviceKeysMax) {
    throw new ConfigError(`${path}.tokenLabel`, `expected a token with at most ${deviceKeysMax} private keys`)
  }
  return objects.map((object) => {
    const [label, id] = token.read(object, [attributes.label, attributes.id])
    return { object, label: label?.toString() ?? '', id: id ?? Buffer.alloc(0) }
  })
}

function toPlacedKey(
  token: Token,
  { object, label, id, name }: FoundKey & { name: string },
  path: string,
): PlacedKey {
  const [publicObject] = token.find(
    [
      { type: attributes.class, value: classes.publicKey },
      { type: attributes.label, value: label },
      { type: attributes.id, value: id },
    ],
    1,
  )
  const key = publicObject && toSigner(token, object, publicObject, name, path)
  if (key) return { name, key, madeAtMs: timeOf(name) ?? 0 }
  const usable = Object.keys(deviceAlgorithms).join(' or ')
  throw new ConfigError(
    path,
    `expected pairs for ${usable}: a public key with the label and id of each private one`,
  )
}

/** The name says the algorithm where several use the same keys. */
function toSigner(
  token: Token,
  object: Buffer,
  publicObject: Buffer,
  name: string,
  path: string,
): Signer | undefined {
  const fitting = signingAlgorithms.flatMap((algorithm) => {
    const device = deviceAlgorithms[algorithm]
    const publicKey = device && publicKeyOf(token, publicObject, device)
    return publicKey ? [{ algorithm, device, publicKey }] : []
  })
  const found = fitting.find(({ algorithm }) => name.endsWith(`-${algorithm}`)) ?? fitting[0]
  if (found === undefined) return undefined
  const { algorithm, device, publicKey } = found
  const bytes = device.signatureBytes(publicKey)
  const external = {
    algorithm,
    publicKey,
    sign: (input: Buffer) => token.sign(device.signing, object, device.toInput(input), bytes),
  }
  return externalSigner({ ...external, kid: thumbprint(publicJwk(externalSigner(external, path))) }, path)
}

function publicKeyOf(token: Token, publicObject: Buffer, device: DeviceAlgorithm) {
  try {
    return device.toPublicKey(token.read(publicObject, device.publicAttributes))
  } catch {
    // Of another kind of key these attributes are not there.
    return undefined
  }
}

function makePair(token: Token, device: DeviceAlgorithm, label: string, path: string): void {
  const both = [
    { type: attributes.token, value: true },
    { type: attributes.label, value: label },
    { type: attributes.id, value: Buffer.from(label) },
  ]
  const ofPublic = [...both, { type: attributes.verify, value: true }, ...device.kind]
  const ofPrivate = [
    ...both,
    { type: attributes.private, value: true },
    { type: attributes.sensitive, value: true },
    { type: attributes.extractable, value: false },
    { type: attributes.sign, value: true },
  ]
  try {
    token.generate(device.generation, ofPublic, ofPrivate)
  } catch (cause) {
    throw new ConfigError(path, 'the device makes no such key pair', { cause })
  }
}
