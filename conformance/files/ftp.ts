import { createClient, createListener } from 'barre/ftp'
import { proFtpd } from '../../tools/servers/index.ts'
import { user } from '../brokers/world.ts'
import type { BrokerWorld } from '../brokers/world.ts'
import type { Attempt, FileKit, Mechanism } from './kit.ts'

type Config = Parameters<typeof createClient>[0]
type SecureSocket = NonNullable<Config['secureSocket']>

/** FTP over TLS, on ProFTPD, which wants a certificate of ours and one session for both channels. */
export const ftp: FileKit = {
  folder: 'ftp',
  needs: [proFtpd],
  async start(world) {
    const server = await proFtpd.start({ tls: world.serverTls, user })
    const config = (mode: Mode, more: Partial<Config> = {}, host = 'localhost'): Config => ({
      url: `ftps://${host}:${server.ports[mode.toLowerCase()]}`,
      auth: { username: user.name, password: user.password },
      ...more,
      secureSocket: { ...(more.secureSocket ?? world.secureSocket), mode },
    })
    return {
      mechanisms: modes.map((mode): Mechanism => ({
        server: 'ProFTPD',
        name: `FTPS ${mode}, password`,
        root: '.',
        attempts: attempts(world, (more, host) => createClient(config(mode, more, host))),
      })),
      flows: {
        'FTPS on ProFTPD': () => ({
          folder: 'flow',
          client: createClient(config('EXPLICIT', { timeout: 5 })),
          listen: (listening, handler) =>
            createListener({ ...config('EXPLICIT', { timeout: 5 }), ...listening }, handler),
          async restart() {
            await server.kill()
            await server.restart()
          },
        }),
      },
      stop: () => server.stop(),
    }
  },
}

type Mode = NonNullable<SecureSocket['mode']>
const modes: readonly Mode[] = ['EXPLICIT', 'IMPLICIT']

function attempts(
  { secureSocket, strangerFile, impostor }: BrokerWorld,
  connect: (more?: Partial<Config>, host?: string) => ReturnType<typeof createClient>,
): readonly Attempt[] {
  const { key: _, ...withoutCertificate } = secureSocket
  return [
    { name: 'good credential', connect: () => connect() },
    {
      name: 'bad credential',
      connect: () => connect({ auth: { username: user.name, password: 'guess' } }),
      refusal: 'unauthenticated',
    },
    {
      name: 'untrusted server certificate',
      connect: () => connect({ secureSocket: { ...secureSocket, cert: strangerFile } }),
      refusal: 'untrusted',
    },
    { name: 'wrong host name', connect: () => connect({}, '127.0.0.1'), refusal: 'untrusted' },
    {
      name: 'missing client certificate',
      connect: () => connect({ secureSocket: withoutCertificate }),
      refusal: 'unauthenticated',
    },
    {
      name: "another authority's client certificate",
      connect: () => connect({ secureSocket: { ...secureSocket, key: impostor } }),
      refusal: 'unauthenticated',
    },
  ]
}
