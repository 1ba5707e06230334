import { once } from 'node:events'
import { connect, createSecureServer } from 'node:http2'
import type { ClientHttp2Session } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import type { Answer, Place, Sent, TransportKit } from '../harness/kit.ts'
import { methods, overHttp, publicOrigin, tlsOptions, toAnswer } from './over-http.ts'
import type { Version } from './over-http.ts'

/** What every wire over HTTP/2 has in common: over TLS only, as browsers and servers have it. */
const overHttp2: typeof overHttp = {
  ...overHttp,
  securities: overHttp.securities.filter((security) => security !== 'clear'),
}

/** The same kit over HTTP/2. */
export function named(kit: TransportKit): TransportKit {
  return { ...kit, ...overHttp2, name: `${kit.folder} over HTTP/2` }
}

export const version2: Version = {
  toServer: (listener, place) =>
    createSecureServer({ ...tlsOptions(place), allowHTTP1: true }, listener as never),
  send,
}

async function send(port: number, place: Place, sent: Sent): Promise<Answer> {
  const { authority: ca } = place.world
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    ca,
    ALPNProtocols: ['h2'],
    ...sent.presented.certificate,
  })
  // The types do not know the option that lets a header be sent twice.
  const options = { createConnection: () => socket, strictSingleValueFields: false }
  const session = connect(`https://127.0.0.1:${port}`, options)
  // A handshake that the server refuses shows in one of these, depending on who is first.
  const refused = new Promise<never>((_resolve, reject) => {
    session.on('error', reject)
    socket.on('error', reject)
    socket.on('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
  })
  try {
    return await Promise.race([exchange(session, sent), refused])
  } finally {
    session.destroy()
    // A session that a refused handshake ended keeps its socket.
    socket.destroy()
  }
}

async function exchange(session: ClientHttp2Session, sent: Sent): Promise<Answer> {
  const { verb = 'read', resource, query = '' } = sent
  const head = Object.entries({ ':method': methods[verb], ':path': `/${resource}${query}` })
  // RFC 9113 §8.2.1: a value does not end with a space; HTTP/1.1 takes it off.
  const credentials = (sent.presented.authorization ?? []).map((value) => ['authorization', value.trim()])
  const proofs = await sent.presented.proof?.(methods[verb], `${publicOrigin}/${resource}`)
  const proving = (proofs ?? []).flatMap((proof) => ['dpop', proof])
  const about = verb.endsWith('write') ? ['content-type', 'application/json', 'content-length', '14'] : []
  const scheme = [':scheme', 'https', ':authority', '127.0.0.1']
  // As a list, so that a header can be sent twice.
  const stream = session.request([...head.flat(), ...scheme, ...credentials.flat(), ...proving, ...about])
  if (verb === 'write') stream.end('{"item":"cup"}')
  else if (verb === 'unfinished write') stream.write('{"item":')
  else stream.end()
  const [headers] = (await once(stream, 'response')) as [Record<string, string | string[] | number>]
  const raw = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [name, String(one)]),
  )
  const body = await new Response(stream).text()
  return toAnswer(Number(headers[':status']), raw, body)
}
