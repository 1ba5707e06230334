import assert from 'node:assert/strict'
import type { Server } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common'
import type { INestApplication, Type } from '@nestjs/common'
import { NestFactory, Reflector } from '@nestjs/core'
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { json } from 'express'
import { compileAuth, createServices } from '../../auth/index.ts'
import type { AuthConfig, ResourceAuth } from '../../auth/index.ts'
import type { Principal } from '../../core/index.ts'
import { exchange, namedTokens, plainRequest, portOf, statusOf } from '../../../test/http-wire.ts'
import { toService } from '../../../test/nest-kit.ts'
import { toSettings } from '../http/index.ts'
import { toDemands } from './demands.ts'
import { toGuard } from './guard.ts'
import { authMetadata, toModule } from './index.ts'
import type { ModuleOptions } from './index.ts'

interface Call {
  readonly principal?: Principal
  readonly body?: unknown
}

/** A controller with a route of each kind. Node runs no decorator syntax, so decorators are called. */
function toOrders(
  says: Partial<Record<'any' | 'open' | 'write' | 'maybe', ResourceAuth>>,
  own?: ResourceAuth,
): Type {
  class Orders {
    any({ principal }: Call): object {
      return { username: principal?.username }
    }
    open(call: Call): object {
      return this.any(call)
    }
    write({ body }: Call): object {
      return { body }
    }
    maybe(call: Call): object {
      return this.any(call)
    }
  }
  const { prototype } = Orders
  Controller('orders')(Orders)
  for (const [name, method] of [
    ['any', Get('any')],
    ['open', Get('open')],
    ['write', Post('write')],
    ['maybe', Get('maybe')],
  ] as const) {
    const property = Object.getOwnPropertyDescriptor(prototype, name)!
    method(prototype, name, property)
    HttpCode(200)(prototype, name, property)
    Req()(prototype, name, 0)
    const auth = says[name]
    if (auth !== undefined) authMetadata(auth)(prototype, name, property)
  }
  if (own !== undefined) authMetadata(own)(Orders)
  return Orders
}

const orders = toOrders({ open: false, write: { scopes: 'write' }, maybe: { optional: true } })

const platforms = { Express: () => undefined, Fastify: () => new FastifyAdapter() }

async function create(
  controller: Type,
  platform: keyof typeof platforms = 'Express',
  { auth = [{ provider: namedTokens() }], ...more }: ModuleOptions & { auth?: AuthConfig } = {},
): Promise<INestApplication> {
  const options = { parsers: platform === 'Express' ? [json() as never] : [], ...more }
  const services = createServices()
  const imports = [toModule(compileAuth(auth, services), options, services)]
  const service = toService({ imports, controllers: [controller] })
  const settings = { abortOnError: false, bodyParser: platform === 'Fastify', logger: false } as const
  const adapter = platforms[platform]()
  return adapter === undefined
    ? NestFactory.create(service, settings)
    : NestFactory.create(service, adapter, settings)
}

async function serve(context: TestContext, controller: Type, platform?: keyof typeof platforms) {
  const app = await create(controller, platform)
  await app.listen(0, '127.0.0.1')
  context.after(() => app.close())
  const port = portOf(app.getHttpServer() as Server)
  const ask = async (path: string, token?: string, body?: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/orders/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    })
    const asked = response.headers.get('www-authenticate')
    return [response.status, await response.text(), ...(asked === null ? [] : [asked])].join(' ')
  }
  return { port, ask }
}

for (const platform of ['Express', 'Fastify'] as const) {
  test(`on ${platform} each handler is guarded by what it says`, async (context) => {
    const { ask } = await serve(context, orders, platform)
    assert.equal(await ask('any'), '401 {"error":"unauthorized"} Bearer realm="test"')
    assert.match(await ask('any', 'forged'), /^401 .* error="invalid"$/)
    assert.equal(await ask('any', 'slow-reader'), '200 {"username":"reader"}')
    assert.equal(await ask('any', 'throttled'), '429 {"error":"too_many_requests"}')
    assert.equal(await ask('any', 'down'), '503 {"error":"temporarily_unavailable"}')
    assert.equal(
      await ask('any', 'a b'),
      '400 {"error":"invalid_request"} Bearer realm="test", error="malformed"',
    )
    assert.equal(await ask('open', 'forged'), '200 {}')
    assert.equal(await ask('maybe'), '200 {}')
    assert.match(await ask('maybe', 'forged'), /^401/)
    assert.match(await ask('write', 'reader', '{}'), /^403 \{"error":"insufficient_scope","scope":"write"\}/)
    assert.equal(await ask('write', 'writer', '{"item":"cup"}'), '200 {"body":{"item":"cup"}}')
    assert.match(await ask('unknown'), /^404/)
  })
}

test('what a handler says counts before what its controller says', async (context) => {
  const { ask } = await serve(context, toOrders({ any: { scopes: 'write' } }, false))
  assert.equal(await ask('open'), '200 {}')
  assert.match(await ask('any'), /^401/)
})

test('a body is not parsed before the verdict, and a broken one is 400 after it', async (context) => {
  const { ask, port } = await serve(context, orders)
  const unfinished = plainRequest('POST /orders/write', 'Content-Type: application/json', 'Content-Length: 9')
  assert.equal(statusOf(await exchange(port, `${unfinished}{`)), 401)
  assert.match(await ask('write', 'writer', '{'), /^400/)
})

test('two Authorization headers are malformed', async (context) => {
  const { port } = await serve(context, orders)
  const twice = ['Authorization: Bearer writer', 'Authorization: Bearer writer']
  assert.equal(statusOf(await exchange(port, plainRequest('GET /orders/any', ...twice))), 400)
})

test('a mistake in a demand stops the start and names the handler', async () => {
  const app = await create(toOrders({ write: { scopes: [] } }))
  await assert.rejects(app.listen(0, '127.0.0.1'), { code: 'config', path: /^Orders\.write Auth/ })
  await app.close()
})

test('in clear text off loopback it does not start', async () => {
  const app = await create(orders)
  await assert.rejects(app.listen(0, '0.0.0.0'), { code: 'config', path: 'auth' })
  await app.close()
})

test('a call of a kind that has no wire is refused, unless it is open', async () => {
  const rules = compileAuth([{ provider: namedTokens() }], createServices())
  const guard = toGuard(toDemands(rules, toSettings({}), new Reflector()), {}, {})
  const { prototype } = orders as { prototype: Record<string, () => unknown> }
  const enter = (type: string, name: string): unknown => {
    const host = new ExecutionContextHost([], orders, prototype[name])
    host.setType(type)
    return guard.canActivate(host)
  }
  for (const type of ['ws', 'rpc', 'graphql', 'constructor', 'http']) {
    assert.equal(await enter(type, 'any'), false)
    assert.equal(await enter(type, 'open'), true)
  }
})
