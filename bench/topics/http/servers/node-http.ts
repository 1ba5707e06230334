import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { protect } from 'barre/http'
import { answer, listenOn, toAuth } from './service.ts'
import type { Service } from './service.ts'

const body = JSON.stringify(answer)
const reply: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(body)
}

const bare = 'node:http, bare'

export const nodeHttpServices: readonly Service[] = [
  { name: bare, isOpen: true, listen: () => listenOn(createServer(reply)) },
  {
    name: 'barre/http, warm',
    limit: bare,
    isOurs: true,
    listen: (issued) =>
      listenOn(createServer(protect({ auth: toAuth(issued), resources: { 'GET /order': true } }, reply))),
  },
]
