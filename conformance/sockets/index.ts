/** The one list of wires without metadata: a line here has callers prove themselves by their connection alone. */
export { tcp } from './tcp.ts'
export { udp } from './udp.ts'
