import { ok, refuse } from '../../core/index.ts'
import { enterExtension, readTbs } from './certificate.ts'
import { tags } from './der.ts'
import { KeyError } from './key-error.ts'
import { chainMax } from './key-store.ts'
import { oids } from './oids.ts'
import type { X509Certificate } from 'node:crypto'
import type { Result } from '../../core/index.ts'
import type { Extension, TbsCertificate } from './certificate.ts'

export interface ChainOptions {
  /** The certificates that are trusted by themselves: CAs, or the very leaf. */
  readonly trusted: readonly X509Certificate[]
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  /** What the leaf must be allowed for; default: anything. */
  readonly purpose?: 'server' | 'client'
}

/** Whether a certificate is valid at a time: `expired` when it was or will be valid, but is not. */
export function checkValidity(certificate: X509Certificate, nowMs: number): Result<X509Certificate> {
  if (nowMs < certificate.validFromDate.getTime()) {
    return refuse('expired', `the certificate is valid only from ${certificate.validFrom}`)
  }
  if (nowMs < certificate.validToDate.getTime()) return ok(certificate)
  return refuse('expired', `the certificate's validity ended at ${certificate.validTo}`)
}

/**
 * Checks a chain, leaf first, up to a trusted certificate (RFC 5280 §6.1): validity, issuers and their
 * signatures, CA flag, path length, key usage, critical extensions; signatures with SHA-1 or MD5 are refused.
 * The value is the path, its trusted end included. It knows no revocation and no name constraints: an issuer
 * that has some is refused. Each issuer is the first that fits; other ways are not tried.
 */
export function checkChain(
  certificates: readonly X509Certificate[],
  options: ChainOptions,
): Result<readonly X509Certificate[]> {
  const [leaf, ...intermediates] = certificates
  if (leaf === undefined) return refuse('missing', 'a certificate was expected')
  if (certificates.length > chainMax)
    return refuse('invalid', `a chain of more than ${chainMax} certificates`)
  try {
    const path = findPath(leaf, intermediates, options.trusted)
    if (!path.ok) return path
    const problem = firstProblem(path.value, options)
    return problem === undefined ? path : problem
  } catch (error) {
    if (error instanceof KeyError) return refuse('malformed', error.message)
    throw error
  }
}

function findPath(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): Result<readonly X509Certificate[]> {
  const path = [leaf]
  while (!trusted.some((anchor) => anchor.raw.equals(path.at(-1)!.raw))) {
    const last = path.at(-1)!
    const issued = (issuer: X509Certificate): boolean => isIssuedBy(last, issuer)
    const issuer = trusted.find(issued) ?? intermediates.find((one) => !path.includes(one) && issued(one))
    if (issuer === undefined)
      return refuse('invalid', `no trusted certificate issued certificate ${path.length} of the chain`)
    path.push(issuer)
  }
  return ok(path)
}

/** By name and signature. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    // A key that cannot verify signatures (ML-KEM, for example) issued nothing.
    return false
  }
}

type Refusal = ReturnType<typeof refuse>

function firstProblem(path: readonly X509Certificate[], options: ChainOptions): Refusal | undefined {
  for (const [index, certificate] of path.entries()) {
    const validity = checkValidity(certificate, options.nowMs)
    if (!validity.ok) return validity
    const tbs = readTbs(certificate)
    const problem =
      criticalProblem(tbs) ??
      (index < path.length - 1 ? signatureProblem(tbs) : undefined) ??
      (index > 0
        ? issuerProblem(certificate, tbs, { below: index - 1, isTrusted: index === path.length - 1 })
        : purposeProblem(tbs, options.purpose))
    if (problem !== undefined) return refuse('invalid', `certificate ${index + 1} of the chain: ${problem}`)
  }
  return undefined
}

const extensionOids = {
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  extendedKeyUsage: '2.5.29.37',
} as const

const understood: ReadonlySet<string> = new Set(Object.values(extensionOids))

export function criticalProblem({ extensions }: TbsCertificate): string | undefined {
  for (const [oid, { critical }] of extensions) {
    if (critical && !understood.has(oid)) return `the critical extension ${oid} is not known`
  }
  return undefined
}

/** With SHA-2 where they hash. */
const strongSignatures: ReadonlySet<string> = new Set([
  // RSA: PSS, then PKCS#1 v1.5.
  '1.2.840.113549.1.1.10',
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  // ECDSA.
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  // Ed25519, Ed448.
  '1.3.101.112',
  '1.3.101.113',
  // ML-DSA.
  '2.16.840.1.101.3.4.3.17',
  '2.16.840.1.101.3.4.3.18',
  '2.16.840.1.101.3.4.3.19',
])

export function signatureProblem({ signatureAlgorithm }: TbsCertificate): string | undefined {
  if (strongSignatures.has(signatureAlgorithm)) return undefined
  return `its signature (${signatureAlgorithm}) is of an algorithm that is broken or not known`
}

const keyCertSign = 0x04

function issuerProblem(
  certificate: X509Certificate,
  { extensions }: TbsCertificate,
  { below, isTrusted }: { readonly below: number; readonly isTrusted: boolean },
): string | undefined {
  // Old roots say nothing of being a CA: whoever put one among the trusted said it.
  const isOldRoot = isTrusted && !extensions.has(extensionOids.basicConstraints)
  if (!certificate.ca && !isOldRoot) return 'it is no CA'
  if (extensions.has(extensionOids.nameConstraints)) return 'its name constraints are not supported'
  const usage = extensions.get(extensionOids.keyUsage)
  if (usage !== undefined && ((usage.value[3] ?? 0) & keyCertSign) === 0)
    return 'its key may not sign certificates'
  const pathLength = readPathLength(extensions.get(extensionOids.basicConstraints))
  if (pathLength === undefined || below <= pathLength) return undefined
  return `it allows ${pathLength} CAs below itself`
}

function readPathLength(extension: Extension | undefined): number | undefined {
  if (extension === undefined) return undefined
  const constraints = enterExtension(extension)
  constraints.optional(tags.boolean)
  return constraints.hasMore ? constraints.integer(255) : undefined
}

const purposeOids = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const

function purposeProblem(
  { extensions }: TbsCertificate,
  purpose: ChainOptions['purpose'],
): string | undefined {
  const extension = extensions.get(extensionOids.extendedKeyUsage)
  if (purpose === undefined || extension === undefined) return undefined
  const usages = enterExtension(extension)
  while (usages.hasMore) {
    const usage = usages.oid()
    if (usage === purposeOids[purpose] || usage === oids.anyExtendedKeyUsage) return undefined
  }
  return `its extended key usage does not allow it as a ${purpose} certificate`
}
