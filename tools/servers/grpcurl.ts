// Why: grpcurl speaks gRPC by Go's library, which shares nothing with the one that our servers and clients are made of.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from './server.ts'
import type { ForeignClient } from './server.ts'

// The newest that Debian's Go builds.
const version = 'v1.8.9'
const fetcher = 'go'
const folder = cacheFolder(`grpcurl-${version}`)

/** Where the program is, once it is installed. */
export const grpcurlProgram: string = join(folder, 'grpcurl')

export const grpcurl: ForeignClient = {
  name: 'grpcurl',
  packages: ['golang-go'],
  program: fetcher,
  download: { program: fetcher, isThere: () => existsSync(grpcurlProgram), fetch },
}

function fetch(): void {
  mkdirSync(folder, { recursive: true })
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' }
  const source = `github.com/fullstorydev/grpcurl/cmd/grpcurl@${version}`
  execFileSync(fetcher, ['install', source], { stdio: 'inherit', env })
  chmodSync(grpcurlProgram, 0o755)
}
