import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerFolder } from './child.ts'

/** The certificate of a server, and who signs those of its clients, as PEM files. */
export interface ServerTls {
  readonly certFile: string
  readonly keyFile: string
  readonly caFile: string
}

/** Copies of the files that the server's account may read. */
export async function copyTls({ path, own }: ServerFolder, tls: ServerTls): Promise<ServerTls> {
  await copyFile(tls.certFile, join(path, 'server.crt'))
  await copyFile(tls.keyFile, join(path, 'server.key'))
  await copyFile(tls.caFile, join(path, 'ca.crt'))
  await own('server.crt', 'server.key', 'ca.crt')
  return {
    certFile: join(path, 'server.crt'),
    keyFile: join(path, 'server.key'),
    caFile: join(path, 'ca.crt'),
  }
}

/** The key and the certificate in one PEM file, as Java wants them. */
export async function joinTls({ path, own }: ServerFolder, tls: ServerTls): Promise<string> {
  const file = join(path, 'server.pem')
  await writeFile(file, `${await readFile(tls.keyFile, 'utf8')}${await readFile(tls.certFile, 'utf8')}`)
  await own('server.pem')
  return file
}
