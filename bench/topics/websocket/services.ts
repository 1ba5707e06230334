import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { protect } from 'barre/websocket'
import { createVerifier } from 'fast-jwt'
import { importJWK, jwtVerify } from 'jose'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { answer, forgetful, listenOn, toAuth, toBareCheck } from '../http/servers/service.ts'
import type { Service } from '../http/servers/service.ts'
import type { Issued } from '../jwt/tokens.ts'

const bare = 'ws, bare'
const checked = 'ws, bare, and crypto.verify'
const parsed = 'ws, bare, and JSON.parse'
const reply = JSON.stringify(answer)
const types = new Set(['watch'])

const bareService: Service = { name: bare, isOpen: true, listen: () => listen() }
const cachedPeer: Service = { name: 'ws with fast-jwt and its cache', limit: bare, listen: listenFastJwt }

export const connecting: readonly Service[] = [
  bareService,
  {
    name: checked,
    isOpen: true,
    async listen(issued) {
      const check = await toBareCheck(issued)
      return listen(async () => {
        check()
        return true
      })
    },
  },
  {
    name: 'barre/websocket, cold',
    limit: checked,
    isOurs: true,
    listen: (issued) => listenGuarded({ auth: toAuth(issued, forgetful) }),
  },
  { name: 'ws with jose', limit: checked, listen: listenJose },
  {
    name: 'barre/websocket, warm',
    limit: bare,
    isOurs: true,
    listen: (issued) => listenGuarded({ auth: toAuth(issued) }),
  },
  cachedPeer,
]

export const messaging: readonly Service[] = [
  bareService,
  { name: parsed, isOpen: true, listen: () => listen(undefined, serveByType) },
  {
    name: 'barre/websocket, any message',
    limit: bare,
    isOurs: true,
    listen: (issued) => listenGuarded({ auth: toAuth(issued) }),
  },
  cachedPeer,
  {
    name: 'barre/websocket, messages by type',
    limit: parsed,
    isOurs: true,
    listen: (issued) =>
      listenGuarded({ auth: toAuth(issued), messages: { watch: true }, dispatcherKey: 'type' }),
  },
]

function serve(socket: WebSocket): void {
  socket.on('message', () => socket.send(reply))
}

function serveByType(socket: WebSocket): void {
  socket.on('message', (data) => {
    const { type } = JSON.parse((data as Buffer).toString()) as { readonly type: string }
    if (types.has(type)) socket.send(reply)
    else socket.close()
  })
}

type Admits = (request: IncomingMessage) => Promise<boolean>

/** `ws` leaves who may connect to a callback. */
function listen(admits?: Admits, handler = serve): Promise<number> {
  const server = createServer()
  const sockets = new WebSocketServer({
    server,
    ...(admits && {
      async verifyClient({ req }: { req: IncomingMessage }, done: (admitted: boolean) => void) {
        done(await admits(req))
      },
    }),
  })
  sockets.on('connection', handler)
  return listenOn(server)
}

function listenGuarded(options: Omit<Parameters<typeof protect>[0], 'resources'>): Promise<number> {
  const server = createServer()
  protect({ ...options, resources: { '/live': true } }, serve).attach(server)
  return listenOn(server)
}

async function listenJose({ issuer, audience, jwk }: Issued): Promise<number> {
  if (jwk === undefined) throw new TypeError('a handshake is checked with a public key')
  const key = await importJWK(jwk)
  return listen((request) =>
    jwtVerify(tokenOf(request), key, { issuer, audience, algorithms: ['RS256'] }).then(
      () => true,
      () => false,
    ),
  )
}

function listenFastJwt({ issuer, audience, pem = '' }: Issued): Promise<number> {
  const verify = createVerifier({
    key: pem,
    algorithms: ['RS256'],
    allowedIss: issuer,
    allowedAud: audience,
    requiredClaims: ['exp'],
    cache: 1000,
  })
  return listen(async (request) => {
    try {
      verify(tokenOf(request))
      return true
    } catch {
      return false
    }
  })
}

function tokenOf({ headers }: IncomingMessage): string {
  return headers.authorization?.replace(/^Bearer /, '') ?? ''
}
