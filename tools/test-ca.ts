/**
 * Certificates for tests: a throw-away authority with a server's and a client's pair, as PEM files in a
 * directory of their own. Made at run time, so that no key is ever in the repository and none expires in it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCa, issueCertificate, writeKeyFiles } from '../packages/cli/src/keys/index.ts'
import type { CertificateOptions, Issued, KeyFiles } from '../packages/cli/src/keys/index.ts'

export { createCa, issueCertificate }

export interface TestCa {
  readonly directory: string
  /** The authority's certificate, for `cert` and `mutualSsl.cert`. */
  readonly caFile: string
  readonly ca: Issued
  /** For `localhost`, 127.0.0.1 and ::1. */
  readonly server: KeyFiles
  /** Named `cn:client`, `dns:client.internal` and `spiffe://test/client`. */
  readonly client: KeyFiles
  /** Another pair of this authority; the same name again replaces the files. */
  issue(name: string, options?: Omit<CertificateOptions, 'ca'>): Promise<KeyFiles>
  /** Deletes the directory. */
  remove(): Promise<void>
}

export async function createTestCa(): Promise<TestCa> {
  const directory = await mkdtemp(join(tmpdir(), 'barre-test-ca-'))
  const ca = await createCa({ commonName: 'Barre test CA' })
  const { certFile: caFile } = await writeKeyFiles(directory, 'ca', ca)
  const issue: TestCa['issue'] = async (name, options = {}) =>
    writeKeyFiles(directory, name, await issueCertificate({ commonName: name, ...options, ca }), {
      force: true,
    })
  return {
    directory,
    caFile,
    ca,
    server: await issue('server', { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1', '::1'] }),
    client: await issue('client', { dnsNames: ['client.internal'], uris: ['spiffe://test/client'] }),
    issue,
    remove: () => rm(directory, { recursive: true }),
  }
}
