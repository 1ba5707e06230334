import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import type { KeyObject } from 'node:crypto'
import { jwt } from 'barre/jwt'
import type { PreparedSource, SourceKit } from '../harness/calling-kit.ts'
import { audience } from '../harness/world.ts'
import type { World } from '../harness/world.ts'
import { whoeverCalls } from './whoever-calls.ts'

/** Tokens that an authorization server gives to the client itself. */
export const clientCredentials: SourceKit = {
  folder: 'oauth2',
  async prepare(world) {
    const { tokenUrl, accepts } = await startServer(world)
    return { auth: { tokenUrl, ...client }, accepts, on: whoeverCalls('machine'), renews: true }
  },
}

/** Tokens that an authorization server gives for those of the callers. */
export const tokenExchange: SourceKit = {
  folder: 'oauth2',
  async prepare(world) {
    const { tokenUrl, accepts } = await startServer(world)
    return {
      auth: { tokenUrl, ...client, subjectToken: { caller: true } },
      accepts,
      on: {
        nobody: { without: 'missing' },
        'a caller with a token': { as: 'alice' },
        'a caller without a token': { without: 'missing' },
        'a caller whose token is bound to a key': { as: 'alice' },
        'a caller whose credential has ended': { without: 'expired' },
      },
      renews: true,
    }
  },
}

const client = { clientId: 'machine', clientSecret: randomUUID() }
const authorization = `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64')}`
const names = { issuer: 'https://as.example', audience }

/** An authorization server that knows one client, and the entry of a service that takes its tokens alone. */
async function startServer(world: World): Promise<Pick<PreparedSource, 'accepts'> & { tokenUrl: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const tokenUrl = await world.serve((request, response) => {
    void answer(request, privateKey).then((token) => {
      response.writeHead(token === undefined ? 401 : 200, { 'content-type': 'application/json' })
      const refusal = { error: 'invalid_client' }
      return response.end(JSON.stringify(token ?? refusal))
    })
  })
  return { tokenUrl, accepts: { jwtValidatorConfig: { ...names, signatureConfig: { certFile: publicKey } } } }
}

async function answer(request: IncomingMessage, key: KeyObject): Promise<object | undefined> {
  const form = new URLSearchParams(await text(request))
  if (request.headers.authorization !== authorization) return undefined
  const subject = jwt.decode(form.get('subject_token') ?? '')
  const username = subject.ok ? (subject.value.payload.sub ?? '') : client.clientId
  const signatureConfig = { algorithm: 'EdDSA', config: key } as const
  const token = await jwt.issue({ ...names, username, jwtId: randomUUID(), signatureConfig })
  return { access_token: token, token_type: 'Bearer', expires_in: 300 }
}
