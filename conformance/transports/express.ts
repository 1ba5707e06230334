import { json } from 'express'
import createApplication from 'express'
import type { Request, Response } from 'express'
import { open, protect } from 'barre/express'
import type { TransportKit } from '../harness/kit.ts'
import { overHttp, publicOrigin, run, version1 } from './over-http.ts'

/** Express 5, with its body parser behind the guard. */
export const express: TransportKit = {
  ...overHttp,
  folder: 'express',
  async start({ auth, resources, services, handle }, place) {
    const allow = protect({ auth, services, publicOrigin })
    const app = createApplication()
    const answer = (request: Request, response: Response): void => {
      response.json(handle(request.principal, request.body))
    }
    for (const [name, says] of Object.entries(resources)) {
      const guard = says === false ? open : says === 'service' ? allow() : allow(says)
      app.get(`/${name}`, guard, answer)
      app.post(`/${name}`, guard, json(), answer)
    }
    allow.check(app)
    return run(version1.toServer(app, place), place)
  },
}
