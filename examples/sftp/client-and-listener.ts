// Files over SFTP: a server that is known by its key, a client that is known by its own, and a listener.
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createClient, createListener, sqliteFileState } from 'barre/sftp'
import { openSsh } from '../../tools/servers/index.ts'

const folder = await mkdtemp(join(tmpdir(), 'barre-example-'))
const keyFile = join(folder, 'id_ed25519')
execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'long enough', '-f', keyFile])
const server = await openSsh.start({ authorizedKeys: [await readFile(`${keyFile}.pub`, 'utf8')] })

const config = {
  url: `sftp://localhost:${server.ports['sftp']}`,
  auth: { username: server.user, privateKey: { path: keyFile, password: 'long enough' } },
  hostKey: server.hostKey,
}
const sender = createClient(config)
await sender.mkdir('in')
await sender.put('in/order-1.txt', 'a violin')
await sender.put('in/notes.md', 'not for the listener')

const state = sqliteFileState(join(folder, 'handed-over.db'))
const handled = Promise.withResolvers<void>()
const watching = {
  path: 'in',
  fileNamePattern: 'order-\\d+\\.txt',
  pollingInterval: 0.1,
  settleTime: 0.1,
  state,
}
const listener = createListener({ ...config, ...watching }, async (event, caller) => {
  console.log(event.type, event.file.path)
  if (event.type === 'deleted') return handled.resolve()
  const content = await caller.get(event.file.path)
  if (!content.ok) throw content.error
  console.log(await text(content.value))
  await caller.delete(event.file.path)
})
await handled.promise

const missing = await sender.get('in/order-1.txt')
console.log('a file that is gone:', missing.ok || missing.error.code)
const stranger = createClient({ ...config, hostKey: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })
const refused = await stranger.list('in')
console.log('a server with another key:', refused.ok || refused.error.code)

await Promise.all([listener.close(), sender.close(), stranger.close()])
state.close()
await server.stop()
await rm(folder, { recursive: true })

/*
added in/order-1.txt
a violin
deleted in/order-1.txt
a file that is gone: not_found
a server with another key: untrusted
*/
