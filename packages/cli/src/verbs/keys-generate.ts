import { createCa, issueCertificate, readKeyFiles, writeKeyFiles } from '../keys/index.ts'
import { Failure, listOption, requiredOption, textOption, UsageError } from '../verb.ts'
import type { Issued, KeyAlgorithm } from '../keys/index.ts'
import type { Verb, VerbInput } from '../verb.ts'

const help = `Makes a certificate authority, or a certificate that it signs, for development and tests.
NAME.crt and NAME.key (mode 0600) are written into DIR; existing files are kept unless --force is given.

  --ca            make an authority; --name is its common name, and the files are ca.crt and ca.key
  --cert          make a certificate; --name is its common name and that of the files
  --out DIR       where the files go
  --ca-dir DIR    where ca.crt and ca.key of the signing authority are
  --dns NAME      a DNS name that the certificate is for; may be repeated, as may --ip and --uri
  --ip ADDRESS    an IP address that it is for
  --uri URI       a URI that it is for, such as spiffe://prod/orders
  --days N        how long it is valid (authority: 3650 days; certificate: 365)
  --key TYPE      EC (P-256, the default) or RSA (2048 bits)
  --force         replace existing files`

/** The longest validity that can be asked for: a hundred years. */
const daysMax = 36_500

export const verb: Verb = {
  usage: [
    '--ca --out DIR [--name NAME] [--days N] [--key EC|RSA] [--force]',
    '--cert --out DIR --name NAME --ca-dir DIR [--dns NAME] [--ip ADDRESS] [--uri URI] [--days N] [--force] ...',
  ],
  help,
  options: {
    ca: { type: 'boolean' },
    cert: { type: 'boolean' },
    out: { type: 'string' },
    name: { type: 'string' },
    'ca-dir': { type: 'string' },
    dns: { type: 'string', multiple: true },
    ip: { type: 'string', multiple: true },
    uri: { type: 'string', multiple: true },
    days: { type: 'string' },
    key: { type: 'string' },
    force: { type: 'boolean' },
  },
  async run(input, io) {
    const isCa = input.values['ca'] === true
    if (isCa === (input.values['cert'] === true)) throw new UsageError('give one of --ca and --cert')
    const out = requiredOption(input, 'out')
    const name = isCa ? 'ca' : fileName(requiredOption(input, 'name'))
    const issued = await (isCa ? makeCa(input) : makeCertificate(input))
    const files = await writeKeyFiles(out, name, issued, { force: input.values['force'] === true }).catch(
      toFailure,
    )
    io.stdout.write(`${files.certFile}\n${files.keyFile}\n`)
    return 0
  },
}

function makeCa(input: VerbInput): Promise<Issued> {
  for (const option of ['ca-dir', 'dns', 'ip', 'uri']) {
    if (input.values[option] !== undefined) throw new UsageError(`--${option} goes with --cert`)
  }
  const commonName = textOption(input, 'name')
  return createCa({ ...common(input), ...(commonName !== undefined && { commonName }) })
}

async function makeCertificate(input: VerbInput): Promise<Issued> {
  const caDirectory = requiredOption(input, 'ca-dir')
  const options = {
    ...common(input),
    commonName: requiredOption(input, 'name'),
    dnsNames: listOption(input, 'dns'),
    ipAddresses: listOption(input, 'ip'),
    uris: listOption(input, 'uri'),
  }
  const ca = await readKeyFiles(caDirectory, 'ca').catch(toFailure)
  try {
    return await issueCertificate({ ...options, ca })
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : toFailure(error)
  }
}

function common(input: VerbInput): { algorithm: KeyAlgorithm; validDays?: number } {
  const algorithm = textOption(input, 'key') ?? 'EC'
  if (algorithm !== 'EC' && algorithm !== 'RSA') throw new UsageError(`--key is EC or RSA, not ${algorithm}`)
  const days = textOption(input, 'days')
  if (days === undefined) return { algorithm }
  if (!/^[1-9]\d{0,5}$/.test(days) || Number(days) > daysMax) {
    throw new UsageError(`--days is a whole number from 1 to ${daysMax}`)
  }
  return { algorithm, validDays: Number(days) }
}

function fileName(name: string): string {
  if (/^[\w@][\w.@-]*$/.test(name)) return name
  throw new UsageError('--name names the files too: letters, digits, dot, dash, underscore and @ only')
}

function toFailure(error: unknown): never {
  throw new Failure((error as Error).message, { cause: error })
}
