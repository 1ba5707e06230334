import type { Server as NetServer } from 'node:net'
import { guard } from '../../core/index.ts'
import type { Awaitable, Call, Decision, Policy, Rules } from '../../core/index.ts'
import type { HttpSettings } from './http-options.ts'
import { findProblem, intercept, mustNotServe, problemFinder, refuseToStart } from './server.ts'
import type { Intercept } from './server.ts'

/** What the guards of one service share, on wires whose framework does the routing. */
export interface Checked {
  /** Decides a call; on a server with a problem every call is refused. */
  readonly decide: (policy: Policy, call: Call, server: NetServer | undefined) => Awaitable<Decision>
  /**
   * Has a server refuse to start where it must not serve, and closes the providers with the last of them. Throws
   * ConfigError where it listens already.
   */
  readonly attach: (server: NetServer) => void
}

/** `more`: what a wire takes from its servers beside their start and end. */
export function toChecked(
  rules: Rules,
  settings: HttpSettings,
  more: (server: NetServer) => ReadonlyMap<string, Intercept> = () => new Map(),
): Checked {
  const problemOf = problemFinder(rules, settings)
  const attached = new WeakSet<NetServer>()
  const opened = new Set<NetServer>()
  const closing =
    (server: NetServer): Intercept =>
    (proceed) => {
      opened.delete(server)
      if (opened.size === 0) rules.close().catch(() => undefined)
      return proceed()
    }
  return {
    decide: (policy, call, server) => (problemOf(server) === undefined ? guard(policy, call) : mustNotServe),
    attach(server) {
      if (attached.has(server)) return
      attached.add(server)
      opened.add(server)
      const problem = findProblem(server, rules, settings)
      if (problem !== undefined && server.listening) throw problem
      intercept(
        server,
        new Map<string, Intercept>([
          ['listening', refuseToStart(server, () => findProblem(server, rules, settings))],
          ['close', closing(server)],
          ...more(server),
        ]),
      )
    },
  }
}
