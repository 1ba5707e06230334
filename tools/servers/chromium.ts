// Why: what a page may send, and what it is told, only a browser knows.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createServerFolder, startProcess } from './child.ts'
import type { Readable, Writable } from 'node:stream'
import type { RealServer, RunningServer } from './server.ts'

export interface Page {
  /** What an expression comes to in the page, its promise awaited; rejects with what it throws. */
  evaluate(expression: string): Promise<unknown>
}

export interface RunningBrowser extends RunningServer {
  /** A page of its own, loaded. */
  open(url: string): Promise<Page>
}

export const chromium: RealServer<object, RunningBrowser> = {
  name: 'Chromium',
  packages: ['chromium'],
  program: 'chromium',
  async start() {
    const folder = await createServerFolder('chromium')
    await mkdir(join(folder.path, 'profile'))
    await folder.own('profile')
    const process = await startProcess(
      'chromium',
      [...quiet, `--user-data-dir=${join(folder.path, 'profile')}`, '--remote-debugging-pipe', 'about:blank'],
      [],
      { hasPipes: true, env: { HOME: folder.path } },
    )
    const devTools = speakDevTools(...process.pipes!)
    // It answers once it is up; where it ends instead, the pipe says so.
    await devTools.call('Browser.getVersion')
    return {
      ports: {},
      open: (url) => openPage(devTools, url),
      async stop() {
        await process.end()
        await folder.remove()
      },
    }
  },
}

/** Nothing but what a page asks for. The sandbox needs rights that tests in a container have not. */
const quiet = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
]

type Parameters = Readonly<Record<string, unknown>>

/** The DevTools protocol over a pipe: JSON texts, each ended by a NUL. */
interface DevTools {
  call(method: string, params?: Parameters, sessionId?: string): Promise<Parameters>
  event(name: string, sessionId: string): Promise<unknown>
}

function speakDevTools(input: Writable, output: Readable): DevTools {
  const waiting = new Map<string, PromiseWithResolvers<Parameters>>()
  const wait = (key: string): Promise<Parameters> => {
    const answer = Promise.withResolvers<Parameters>()
    waiting.set(key, answer)
    return answer.promise
  }
  let rest = ''
  output.setEncoding('utf8').on('data', (chunk: string) => {
    const texts = `${rest}${chunk}`.split('\0')
    rest = texts.pop() ?? ''
    for (const text of texts) settle(JSON.parse(text) as Message)
  })
  output.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('the browser ended'))
  })
  const settle = ({ id, method = '', sessionId = '', params = {}, result = {}, error }: Message): void => {
    const key = id === undefined ? `${method} ${sessionId}` : String(id)
    const known = waiting.get(key)
    waiting.delete(key)
    if (error === undefined) known?.resolve(id === undefined ? params : result)
    else known?.reject(new Error(error.message))
  }
  let last = 0
  return {
    call(method, params = {}, sessionId) {
      const id = ++last
      const answer = wait(String(id))
      input.write(
        `${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`,
      )
      return answer
    },
    event: (name, sessionId) => wait(`${name} ${sessionId}`),
  }
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  readonly params?: Parameters
  readonly result?: Parameters
  readonly error?: { readonly message: string }
}

async function openPage(devTools: DevTools, url: string): Promise<Page> {
  const { targetId } = await devTools.call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await devTools.call('Target.attachToTarget', { targetId, flatten: true })
  const session = sessionId as string
  await devTools.call('Page.enable', {}, session)
  const loaded = devTools.event('Page.loadEventFired', session)
  await devTools.call('Page.navigate', { url }, session)
  await loaded
  return {
    async evaluate(expression) {
      const params = { expression, awaitPromise: true, returnByValue: true }
      const { result, exceptionDetails } = await devTools.call('Runtime.evaluate', params, session)
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return (result as { readonly value: unknown }).value
    },
  }
}
