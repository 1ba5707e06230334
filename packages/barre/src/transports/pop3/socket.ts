import { connect as connectPlain, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { MailSettings } from '../email/index.ts'

type Address = Pick<MailSettings, 'host' | 'port' | 'tls' | 'timeoutMs'>

export function openPlain({ host, port, timeoutMs }: Address): Promise<Socket> {
  return opened(connectPlain({ host, port }), 'connect', timeoutMs)
}

/** With TLS from the start, or, given a socket, from now on. */
export function openTls({ host, port, tls, timeoutMs }: Address, socket?: Socket): Promise<Socket> {
  const named = isIP(host) === 0 && { servername: host }
  const over = socket === undefined ? { host, port } : { host, socket }
  return opened(connectTls({ ...over, ...named, ...tls }), 'secureConnect', timeoutMs)
}

function opened(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('the server does not answer')), timeoutMs)
    const fail = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(error)
    }
    const close = (): void => fail(new Error('the server closed the connection'))
    socket.once('error', fail).once('close', close)
    socket.once(event, () => {
      clearTimeout(timer)
      socket.off('error', fail).off('close', close)
      resolve(socket)
    })
  })
}
