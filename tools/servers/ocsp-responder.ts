// Why: a response that we staple, or accept, must be one that somebody else's responder gives.
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createServerFolder, freePorts, startProcess } from './child.ts'
import type { RealServer, RunningServer } from './server.ts'

/** The authority whose certificates it answers for, as PEM text. */
export interface OcspResponderConfig {
  readonly cert: string
  readonly key: string
}

/** How often it is tried whether it answers, 20 ms apart. */
const triesMax = 1000

export interface RunningOcspResponder extends RunningServer {
  readonly url: string
  /** What it says from now on of the certificates with these serial numbers; it knows no others. */
  say(statuses: Readonly<Record<string, 'good' | 'revoked'>>): Promise<void>
}

export const ocspResponder: RealServer<OcspResponderConfig, RunningOcspResponder> = {
  name: "openssl's OCSP responder",
  packages: ['openssl'],
  program: 'openssl',
  async start({ cert, key }) {
    const folder = await createServerFolder('ocsp')
    const write = async (name: string, content: string): Promise<void> => {
      await writeFile(join(folder.path, name), content)
      await folder.own(name)
    }
    await write('ca.crt', cert)
    await write('ca.key', key)
    await write('index', '')
    const [port = 0] = await freePorts(1)
    const files = ['-index', 'index', '-CA', 'ca.crt', '-rsigner', 'ca.crt', '-rkey', 'ca.key']
    // It takes no address. Without the last option it ends with the first question that is none.
    const args = ['ocsp', '-port', `${port}`, ...files, '-nmin', '60', '-ignore_err']
    const process = await startProcess('openssl', args, [], { cwd: folder.path })
    const url = `http://127.0.0.1:${port}`
    await answers(url)
    return {
      ports: { http: port },
      url,
      async say(statuses) {
        // It looks whether the file is another one after each answer, and only then.
        await write('index.new', Object.entries(statuses).map(toLine).join(''))
        await rename(join(folder.path, 'index.new'), join(folder.path, 'index'))
        await answers(url)
      },
      async stop() {
        await process.end()
        await folder.remove()
      },
    }
  },
}

/** With whole requests: one that connects and asks nothing would keep it waiting for good. */
async function answers(url: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await (await fetch(url)).arrayBuffer()
      return
    } catch (error) {
      if (tries === triesMax) throw error
      await delay(20)
    }
  }
}

/** A line of the file that `openssl ca` keeps: status, end, time of revocation, serial, file, name. */
function toLine([serial, status]: readonly [string, string]): string {
  const [letter, revokedAt] = status === 'revoked' ? ['R', '260101000000Z'] : ['V', '']
  return `${[letter, '490101000000Z', revokedAt, serial, 'unknown', `/CN=${serial}`].join('\t')}\n`
}
