// Why: grpcio is gRPC's core in C, with an HTTP/2 and a TLS that neither Node nor Go has.
import { pythonPackage } from './python-package.ts'

export const pythonGrpcio = pythonPackage('grpcio', '1.85.3')

if (import.meta.main) pythonGrpcio.install()
