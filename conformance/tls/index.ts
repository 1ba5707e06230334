import { httpWires } from './http.ts'
import type { Wire } from './kit.ts'
import { rpcWires } from './rpc.ts'
import { socketWires } from './sockets.ts'
import { websubWires } from './websub.ts'

/** The one list of wires over TLS: a row here gives a wire every field. */
export const wires: readonly Wire[] = [...httpWires, ...socketWires, ...rpcWires, ...websubWires]
