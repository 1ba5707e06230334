import { createServer } from 'node:net'
import type { Socket } from 'node:net'

/** What a server of one protocol says to a line; it takes every credential that it is shown. */
export interface Script {
  readonly greeting: string
  readonly answer: (line: string) => string
}

/** A server in clear text that writes down all that it hears. */
export interface FakeServer {
  readonly port: number
  heard(): string
  close(): Promise<void>
}

export async function fakeServer({ greeting, answer }: Script): Promise<FakeServer> {
  let heard = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.write(`${greeting}\r\n`)
    let line = ''
    socket.on('data', (chunk) => {
      // The first byte of a handshake, which nobody answers here.
      if (chunk[0] === 0x16) {
        socket.destroy()
        return
      }
      heard += chunk.toString('latin1')
      line += chunk.toString('latin1')
      for (let end = line.indexOf('\r\n'); end !== -1; end = line.indexOf('\r\n')) {
        const said = line.slice(0, end)
        line = line.slice(end + 2)
        socket.write(answer(said))
      }
    })
  })
  // On every address, so that it can be reached by one that does not count as loopback.
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  return {
    port: (server.address() as { port: number }).port,
    heard: () => heard,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What each says, with what it says of TLS. `startTls`: its answer where it is asked for TLS, if it offers that. */
export const scripts = {
  smtp: (startTls?: string): Script => ({
    greeting: '220 mail.example',
    answer: (line) =>
      line.startsWith('EHLO')
        ? `250-mail.example\r\n${startTls === undefined ? '' : '250-STARTTLS\r\n'}250 AUTH PLAIN LOGIN XOAUTH2\r\n`
        : line === 'STARTTLS'
          ? (startTls ?? '502 no\r\n')
          : line.startsWith('AUTH')
            ? '334 \r\n'
            : '235 welcome\r\n',
  }),
  imap(startTls?: string): Script {
    let asked = ''
    return {
      greeting: '* OK mail.example',
      answer(line) {
        const [tag = '', verb] = line.split(' ')
        const offer = startTls === undefined ? '' : 'STARTTLS '
        if (verb === 'CAPABILITY') {
          return `* CAPABILITY IMAP4rev1 ${offer}AUTH=PLAIN AUTH=XOAUTH2\r\n${tag} OK\r\n`
        }
        if (verb === 'STARTTLS') return `${tag} ${startTls ?? 'BAD\r\n'}`
        // The answer to a challenge has no tag.
        if (verb === undefined) return `${asked} OK\r\n`
        asked = tag
        return verb === 'AUTHENTICATE' ? '+ \r\n' : `${tag} OK\r\n`
      },
    }
  },
  pop3: (startTls?: string): Script => ({
    greeting: '+OK mail.example',
    answer: (line) =>
      line === 'CAPA'
        ? `+OK\r\nUSER\r\nSASL PLAIN XOAUTH2\r\n${startTls === undefined ? '' : 'STLS\r\n'}.\r\n`
        : line === 'STLS'
          ? (startTls ?? '-ERR no\r\n')
          : line.startsWith('AUTH')
            ? '+ \r\n'
            : /^(UIDL|LIST)/.test(line)
              ? '+OK\r\n.\r\n'
              : '+OK\r\n',
  }),
} as const
