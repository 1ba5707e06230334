import { readKeyMaterial, selectMaterial } from '../keys/key-material.ts'
import { writePkcs12 } from 'barre/crypto'
import { createFile } from '../replace-file.ts'
import { secretFileOption } from '../questions.ts'
import { orFail } from '../terms.ts'
import { Failure, requiredOption, textOption, UsageError } from '../verb.ts'
import type { KeyObject } from 'node:crypto'
import type { Secret } from 'barre/core'
import type { KeyMaterial } from '../keys/key-material.ts'
import type { Io, Verb, VerbInput } from '../verb.ts'

const help = `Converts a key of a PEM, DER, PKCS#12, JKS, JWK or JWK set file. It is the private key where there is one.

  --to FORM                 pem, der, jwk or pkcs12; a private key in pem and der is PKCS#8
  --out FILE                where it goes (a private key with mode 0600); pem and jwk may go to standard output
  --public                  the public key only
  --certificates            the certificates only, leaf first; der holds the leaf alone
  --alias NAME              which entry of a key store, or kid of a JWK set; in a new store the name of the entry,
                            default 1
  --password-file FILE      the password of FILE: a file with one line
  --out-password-file FILE  the new password: needed for pkcs12, and encrypts a private key in pem and der
  --force                   replace an existing file`

type Form = 'pem' | 'der' | 'jwk' | 'pkcs12'

export const verb: Verb = {
  usage: ['FILE --to pem|der|jwk|pkcs12 [--out FILE] [--public | --certificates] [--alias NAME] ...'],
  help,
  options: {
    to: { type: 'string' },
    out: { type: 'string' },
    public: { type: 'boolean' },
    certificates: { type: 'boolean' },
    alias: { type: 'string' },
    'password-file': { type: 'string' },
    'out-password-file': { type: 'string' },
    force: { type: 'boolean' },
  },
  positionalsMax: 1,
  async run(input, io) {
    const [file] = input.positionals
    if (file === undefined || file === '') throw new UsageError('FILE is required')
    const form = formOf(requiredOption(input, 'to'))
    const password = await secretFileOption(input, 'password-file')
    const outPassword = await secretFileOption(input, 'out-password-file')
    if (form === 'pkcs12' && outPassword === undefined)
      throw new UsageError('pkcs12 needs --out-password-file')
    const convert = async (): Promise<string | Buffer> => {
      const entries = await readKeyMaterial(file, password)
      const alias = textOption(input, 'alias')
      const material = selectMaterial(entries, entries.length === 1 && form === 'pkcs12' ? undefined : alias)
      return write(chosen(material, input), form, outPassword, alias ?? material.alias)
    }
    await deliver(await orFail(convert()), input, io)
    return 0
  },
}

function formOf(name: string): Form {
  if (name === 'pem' || name === 'der' || name === 'jwk' || name === 'pkcs12') return name
  throw new UsageError('--to is one of pem, der, jwk and pkcs12')
}

/** The part of an entry that was asked for. */
function chosen(material: KeyMaterial, input: VerbInput): KeyMaterial {
  const [isPublic, isCertificates] = [input.values['public'] === true, input.values['certificates'] === true]
  if (isPublic && isCertificates) throw new UsageError('give one of --public and --certificates')
  const { alias, publicKey, certificates } = material
  if (isCertificates) return { ...(alias !== undefined && { alias }), certificates }
  return isPublic ? { ...(publicKey && { publicKey }), certificates: [] } : material
}

function write(
  { privateKey, publicKey, sharedKey, certificates }: KeyMaterial,
  form: Form,
  password: Secret | undefined,
  alias = '1',
): string | Buffer {
  if (form === 'pkcs12') return writeStore({ privateKey, certificates }, password, alias)
  const key = privateKey ?? publicKey ?? (form === 'jwk' ? sharedKey : undefined)
  if (key !== undefined) return writeKey(key, form, password)
  const [leaf] = certificates
  if (leaf === undefined || form === 'jwk') throw new Failure(`there is nothing here that ${form} could hold`)
  return form === 'der' ? leaf.raw : certificates.map((certificate) => certificate.toString()).join('')
}

function writeStore(
  {
    privateKey,
    certificates,
  }: { privateKey: KeyObject | undefined; certificates: KeyMaterial['certificates'] },
  password: Secret | undefined,
  alias: string,
): Buffer {
  if (privateKey === undefined && certificates.length === 0)
    throw new Failure('a store holds no bare public key and no shared secret')
  return writePkcs12([{ alias, ...(privateKey && { privateKey }), certificates }], {
    password: password ?? '',
  })
}

function writeKey(
  key: KeyObject,
  form: 'pem' | 'der' | 'jwk',
  password: Secret | undefined,
): string | Buffer {
  if (form === 'jwk') return `${JSON.stringify(key.export({ format: 'jwk' }), null, 2)}\n`
  if (key.type === 'public') {
    return form === 'pem'
      ? key.export({ type: 'spki', format: 'pem' })
      : key.export({ type: 'spki', format: 'der' })
  }
  const options = {
    type: 'pkcs8' as const,
    ...(password && { cipher: 'aes-256-cbc', passphrase: password.reveal() }),
  }
  return form === 'pem'
    ? key.export({ ...options, format: 'pem' })
    : key.export({ ...options, format: 'der' })
}

async function deliver(content: string | Buffer, input: VerbInput, io: Io): Promise<void> {
  const out = textOption(input, 'out')
  if (out !== undefined) {
    return orFail(createFile(out, content, { mode: 0o600, replace: input.values['force'] === true }))
  }
  if (typeof content !== 'string') throw new UsageError('--out is required for what is not text')
  io.stdout.write(content)
  return undefined
}
