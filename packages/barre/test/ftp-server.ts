import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { TLSSocket } from 'node:tls'
import type { SecureContext } from 'node:tls'
import { start } from './http-wire.ts'

/** An FTP server that does what a test says: the least of RFC 959 and 4217, and whatever is wrong. */
interface FtpScript {
  /** Of the control channel, after `AUTH TLS`. */
  readonly tls?: SecureContext
  /** Of the data channel; absent: in clear. */
  readonly dataTls?: SecureContext
  /** What is said instead, by command; a function does something, too. */
  readonly answers?: Readonly<Record<string, string | ((control: Socket) => string)>>
  /** What a client is sent: a listing, or a file. */
  readonly content?: string
}

/** What the server has seen. */
export interface SeenByFtp {
  readonly port: number
  readonly commands: string[]
  /** What came over data channels, decrypted where they were. */
  readonly data: string[]
}

const answers: Readonly<Record<string, string>> = {
  USER: '331 password',
  PASS: '230 in',
  FEAT: '211 none',
  PWD: '257 "/"',
}

export async function startFtp(
  script: FtpScript,
  context: { after(close: () => Promise<void>): void },
): Promise<SeenByFtp> {
  const seen = { commands: [] as string[], data: [] as string[] }
  const server = createServer((socket) => {
    socket.write('220 ready\r\n')
    converse(socket, script, seen)
  })
  return { ...seen, port: await start(server, context) }
}

function converse(control: Socket, script: FtpScript, seen: Omit<SeenByFtp, 'port'>): void {
  let data: Promise<Socket> | undefined
  const say = (text: string): void => void control.write(`${text}\r\n`)
  const listenFor = async (verb: string): Promise<void> => {
    const { port, socket } = await openData(script, seen)
    data = socket
    say(verb === 'EPSV' ? `229 (|||${port}|)` : `227 (127,0,0,1,${port >> 8},${port & 255})`)
  }
  const transfer = async (verb: string): Promise<void> => {
    say('150 begins')
    const socket = await data
    if (verb === 'STOR') await once(socket!.resume(), 'close')
    else socket!.end(script.content ?? '')
    say('226 done')
  }
  control.on('error', () => undefined)
  const lines = createInterface(control).on('error', () => undefined)
  lines.on('line', (line) => {
    seen.commands.push(line)
    const verb = line.split(' ')[0] ?? ''
    const scripted = script.answers?.[verb]
    if (scripted !== undefined) say(typeof scripted === 'string' ? scripted : scripted(control))
    else if (verb === 'AUTH') {
      say('234 go')
      lines.close()
      converse(new TLSSocket(control, { isServer: true, secureContext: script.tls! }), script, seen)
    } else if (verb === 'EPSV' || verb === 'PASV') void listenFor(verb)
    else if (/^(LIST|RETR|STOR)$/.test(verb)) void transfer(verb)
    else say(answers[verb] ?? '200 fine')
  })
}

async function openData(
  { dataTls }: FtpScript,
  seen: Omit<SeenByFtp, 'port'>,
): Promise<{ readonly port: number; readonly socket: Promise<Socket> }> {
  const server = createServer()
  const accepted = once(server, 'connection').then(([socket]) => {
    server.close()
    const raw = socket as Socket
    const stream = dataTls ? new TLSSocket(raw, { isServer: true, secureContext: dataTls }) : raw
    stream
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => seen.data.push(chunk.toString('latin1')))
    return stream
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, socket: accepted }
}
