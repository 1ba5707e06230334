// Why: a client in another language, with a WebSocket and a TLS of its own, is no reader of our code.
import { pythonPackage } from './python-package.ts'

export const pythonWebSockets = pythonPackage('websockets', '17.4')

if (import.meta.main) pythonWebSockets.install()
