// A page in a browser: it cannot send an Authorization header with its WebSocket, so it asks for a ticket first.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServices } from 'barre/auth'
import { protect as protectHttp } from 'barre/http'
import { protect } from 'barre/websocket'
import { chromium, freePorts, serverTest } from '../../tools/servers/index.ts'
import { issueToken } from '../harness/tokens.ts'
import { close, createWorld } from '../harness/world.ts'
import { jwt } from '../providers/index.ts'

/** What the page does: each function tells what the page saw. */
const script = `
  async function ticket(token) {
    const response = await fetch('/ticket', { method: 'POST', headers: { authorization: 'Bearer ' + token } })
    return response.ok ? await response.text() : String(response.status)
  }
  function connect(url, protocols) {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, protocols)
      let said = ''
      socket.onopen = () => socket.send('who am I?')
      socket.onmessage = ({ data }) => (said = data)
      socket.onclose = ({ code }) => resolve(said === '' ? 'refused ' + code : said + ', over ' + socket.protocol)
    })
  }`

const page: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'text/html').end(`<!doctype html><script>${script}</script>`)
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

serverTest('a page opens a WebSocket by ticket', chromium, {}, async (browser) => {
  const world = await createWorld()
  const { entry } = await jwt.prepare(world)
  let laterMs = 0
  const services = createServices({ now: () => Date.now() + laterMs })
  const origin = `http://127.0.0.1:${(await freePorts(1))[0]}`
  const live = protect(
    {
      auth: [entry],
      services,
      resources: { '/live': true },
      allowedOrigins: [origin],
      tokenInSubprotocol: true,
      subprotocols: ['chat'],
    },
    (socket, { principal }) =>
      socket.once('message', () => {
        socket.send(principal?.username ?? '')
        socket.close()
      }),
  )
  const resources = { 'GET /': false, 'POST /ticket': true } as const
  const shop = createServer(
    protectHttp({ auth: [entry], services, resources }, (request, response) => {
      if (request.url === '/') return page(request, response)
      const minted = live.mintTicket(request)
      return response.end(minted.ok ? minted.value.ticket : minted.denial.code)
    }),
  )
  live.attach(shop)
  const stranger = createServer(page)
  await listen(shop, Number(new URL(origin).port))
  const foreignOrigin = `http://127.0.0.1:${await listen(stranger, 0)}`
  const url = `${origin.replace('http', 'ws')}/live`
  const token = await issueToken(world)
  try {
    const own = await browser.open(`${origin}/`)
    const foreign = await browser.open(`${foreignOrigin}/`)
    const ticket = async (): Promise<string> => String(await own.evaluate(`ticket('${token}')`))
    const connect = (who: typeof own, query: string, protocols = '[]') =>
      who.evaluate(`connect('${url}${query}', ${protocols})`)

    const first = await ticket()
    assert.equal(await connect(own, `?ticket=${first}`), 'alice, over ')
    assert.equal(await connect(own, `?ticket=${first}`), 'refused 1006', 'a second use')
    assert.equal(
      await connect(foreign, `?ticket=${await ticket()}`),
      'refused 1006',
      'a page of another origin',
    )
    assert.equal(await connect(own, ''), 'refused 1006', 'no ticket')
    assert.equal(await connect(own, `?access_token=${token}`), 'refused 1006', 'a token in the query')
    const late = await ticket()
    laterMs = 31_000
    assert.equal(await connect(own, `?ticket=${late}`), 'refused 1006', 'a ticket of 31 seconds ago')
    laterMs = 0
    assert.equal(await own.evaluate(`ticket('${token}x')`), '401', 'a ticket for no sound token')
    await assert.rejects(
      foreign.evaluate(
        `fetch('${origin}/ticket', { method: 'POST', headers: { authorization: 'Bearer ${token}' } })`,
      ),
      /Failed to fetch/,
    )

    const asProtocol = `barre.bearer.${Buffer.from(token).toString('base64url')}`
    assert.equal(await connect(own, '', `['chat', '${asProtocol}']`), 'alice, over chat')
    assert.equal(
      await connect(foreign, '', `['chat', '${asProtocol}']`),
      'refused 1006',
      'a foreign page with a token',
    )
  } finally {
    await live.close()
    await Promise.all([close(shop), close(stranger)])
    await world.close()
  }
})
