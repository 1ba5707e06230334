import { verify } from '../signature/index.ts'
import { enterExtension, publicKeyOf, readTbs } from './certificate.ts'
import { checkValidity, criticalProblem, isIssuedBy, signatureProblem } from './certificate-chain.ts'
import { KeyError } from './key-error.ts'
import { isOcspIdOf, keyHash } from './ocsp-request.ts'
import { readOcspResponse } from './ocsp-response.ts'
import type { X509Certificate } from 'node:crypto'
import type { SignatureAlgorithm } from '../signature/index.ts'
import type { TbsCertificate } from './certificate.ts'
import type { OcspAnswer, OcspResponse } from './ocsp-response.ts'

export interface OcspQuestion {
  readonly certificate: X509Certificate
  /** Proven by its own chain: whoever sends a response may have made up an issuer too. */
  readonly issuer: X509Certificate
  /** Milliseconds since the epoch. */
  readonly nowMs: number
  /** How old a response may be that does not say when the next one comes, in seconds. */
  readonly maxAgeSeconds: number
}

/**
 * What a response comes to: the responder's own word, or `unusable` where it is not signed by one who may, not about
 * this certificate, or not of now. Only `good` lets a certificate pass.
 */
export type OcspVerdict =
  | { readonly status: 'good'; readonly thisUpdateMs: number; readonly endsAtMs: number }
  | { readonly status: 'revoked' | 'unknown' | 'unusable'; readonly detail: string }

/** How far the clocks of a responder and of its reader may differ. */
const ocspSkewMs = 60_000

/** Judges a response about one certificate (RFC 6960 §3.2). */
export function judgeOcspResponse(bytes: Uint8Array, question: OcspQuestion): OcspVerdict {
  try {
    const response = readOcspResponse(bytes)
    const answers = response.answers.filter(({ id }) => isOcspIdOf(id, question.certificate, question.issuer))
    const [answer] = answers
    if (answer === undefined || answers.length > 1) return unusable('it is about another certificate')
    const problem = signerProblem(response, question) ?? timeProblem(answer, question)
    return problem === undefined ? toVerdict(answer, question) : unusable(problem)
  } catch (error) {
    if (error instanceof KeyError) return unusable(error.message)
    throw error
  }
}

function unusable(detail: string): OcspVerdict {
  return { status: 'unusable', detail }
}

function toVerdict(answer: OcspAnswer, question: OcspQuestion): OcspVerdict {
  const { status, thisUpdateMs } = answer
  if (status === 'good') return { status, thisUpdateMs, endsAtMs: endOf(answer, question) }
  return {
    status,
    detail: status === 'revoked' ? 'the certificate was revoked' : 'its responder does not know it',
  }
}

function timeProblem(answer: OcspAnswer, question: OcspQuestion): string | undefined {
  if (answer.thisUpdateMs > question.nowMs + ocspSkewMs) return 'it is of the future'
  return endOf(answer, question) + ocspSkewMs <= question.nowMs ? 'it has expired' : undefined
}

function endOf({ thisUpdateMs, nextUpdateMs }: OcspAnswer, { maxAgeSeconds }: OcspQuestion): number {
  return nextUpdateMs ?? thisUpdateMs + maxAgeSeconds * 1000
}

function signerProblem(response: OcspResponse, question: OcspQuestion): string | undefined {
  const signer = [question.issuer, ...response.certificates].find((one) =>
    isResponder(one, response.responder),
  )
  if (signer === undefined) return 'its responder is neither the issuer nor among its certificates'
  const algorithm = algorithms[response.signatureAlgorithm]
  if (algorithm === undefined) return `its signature (${response.signatureAlgorithm}) is broken or not known`
  const problem = signer === question.issuer ? undefined : delegateProblem(signer, question)
  if (problem !== undefined) return `its responder: ${problem}`
  return isSigned(response, algorithm, signer) ? undefined : 'its signature is wrong'
}

function isSigned(
  { signed, signature }: OcspResponse,
  algorithm: SignatureAlgorithm,
  signer: X509Certificate,
): boolean {
  try {
    return verify(signed, signature, { algorithm, key: publicKeyOf(signer) })
  } catch (error) {
    // A key that does not fit the algorithm signed nothing.
    if (error instanceof TypeError || error instanceof KeyError) return false
    throw error
  }
}

function isResponder(certificate: X509Certificate, responder: OcspResponse['responder']): boolean {
  return 'name' in responder
    ? readTbs(certificate).subject.equals(responder.name)
    : keyHash(certificate).equals(responder.keyHash)
}

const extensionOids = { extendedKeyUsage: '2.5.29.37', noCheck: '1.3.6.1.5.5.7.48.1.5' } as const
const ocspSigning = '1.3.6.1.5.5.7.3.9'

/** RFC 6960 §4.2.2.2: the issuer itself names its responder, for this and nothing wider. */
function delegateProblem(certificate: X509Certificate, { issuer, nowMs }: OcspQuestion): string | undefined {
  if (!isIssuedBy(certificate, issuer)) return `another than the certificate's issuer vouches for it`
  const validity = checkValidity(certificate, nowMs)
  if (!validity.ok) return validity.denial.detail
  const tbs = readTbs(certificate)
  if (!maySignResponses(tbs)) return 'its certificate is not for signing OCSP responses'
  // Nobody could say whether it is revoked itself: RFC 6960 §4.2.2.2.1.
  if (!tbs.extensions.has(extensionOids.noCheck)) return 'its certificate has no id-pkix-ocsp-nocheck'
  return criticalProblem(tbs) ?? signatureProblem(tbs)
}

function maySignResponses({ extensions }: TbsCertificate): boolean {
  const extension = extensions.get(extensionOids.extendedKeyUsage)
  if (extension === undefined) return false
  const usages = enterExtension(extension)
  while (usages.hasMore) if (usages.oid() === ocspSigning) return true
  return false
}

/** Those that hash with SHA-2, or by themselves. RSASSA-PSS, which no responder is known to use, is not read. */
const algorithms: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.113549.1.1.11': 'rsa-sha256',
  '1.2.840.113549.1.1.12': 'rsa-sha384',
  '1.2.840.113549.1.1.13': 'rsa-sha512',
  '1.2.840.10045.4.3.2': 'ecdsa-sha256',
  '1.2.840.10045.4.3.3': 'ecdsa-sha384',
  '1.2.840.10045.4.3.4': 'ecdsa-sha512',
  '1.3.101.112': 'ed25519',
  '1.3.101.113': 'ed448',
  '2.16.840.1.101.3.4.3.17': 'ml-dsa-44',
  '2.16.840.1.101.3.4.3.18': 'ml-dsa-65',
  '2.16.840.1.101.3.4.3.19': 'ml-dsa-87',
}
