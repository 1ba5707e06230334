import type * as Http from 'node:http'

/**
 * node:http, loaded when it is first needed and not by an `import`: that reads every export, and with WebSocket and
 * CloseEvent Node then loads its HTTP client too, which is half of a small service's start.
 */
export function nodeHttp(): typeof Http {
  return process.getBuiltinModule('node:http')
}
