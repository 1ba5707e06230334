// A server, or whoever sits before it, that would rather have the password in clear text.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeServer, scripts } from './fake-server.ts'
import type { Script } from './fake-server.ts'
import * as kits from './index.ts'
import type { WireConfig } from './kit.ts'

const secret = 's3cret-enough'
/** Of this machine, but nobody said so: it stands for an address elsewhere. */
const elsewhere = '0.0.0.0'

const servers: Readonly<Record<keyof typeof scripts, readonly (readonly [claim: string, Script])[]>> = {
  smtp: [
    ['offers no TLS', scripts.smtp()],
    ['refuses TLS', scripts.smtp('454 not now\r\n')],
    ['says more before TLS', scripts.smtp('220 go ahead\r\n250-mail.example\r\n250 AUTH PLAIN\r\n')],
  ],
  imap: [
    ['offers no TLS', scripts.imap()],
    ['refuses TLS', scripts.imap('NO not now\r\n')],
    ['says more before TLS', scripts.imap('OK go ahead\r\n* CAPABILITY AUTH=PLAIN\r\n')],
    [
      'says that we are logged in already',
      { ...scripts.imap(), greeting: '* PREAUTH [CAPABILITY IMAP4rev1] welcome' },
    ],
  ],
  pop3: [
    ['offers no TLS', scripts.pop3()],
    ['refuses TLS', scripts.pop3('-ERR not now\r\n')],
    ['says more before TLS', scripts.pop3('+OK go ahead\r\n+OK\r\nSASL PLAIN\r\n.\r\n')],
  ],
}

for (const kit of Object.values(kits)) {
  void describe(kit.folder, () => {
    for (const [claim, script] of servers[kit.folder as keyof typeof scripts]) {
      for (const [security, host] of [
        ['START_TLS_ALWAYS', '127.0.0.1'],
        ['START_TLS_AUTO', elsewhere],
      ] as const) {
        for (const [kind, auth] of [
          ['password', { username: 'alice', password: secret }],
          ['token', { token: secret }],
        ] as const) {
          void test(`shows no ${kind} to a server that ${claim}, with ${security}`, async () => {
            const server = await fakeServer(script)
            const config = {
              host,
              port: server.port,
              security,
              username: 'alice',
              auth,
              connectionTimeout: 2,
            } as WireConfig
            try {
              await assert.rejects(kit.tries(config))
            } finally {
              await server.close()
            }
            assert.doesNotMatch(server.heard(), /AUTH (PLAIN|LOGIN|XOAUTH2)|AUTHENTICATE|LOGIN|USER|PASS/)
            assert.ok(!isShown(server.heard()), server.heard())
          })
        }
      }
    }

    void test('shows a password in clear text on loopback, where it is told to', async () => {
      const server = await fakeServer(scripts[kit.folder as keyof typeof scripts]())
      const auth = { username: 'alice', password: secret }
      const security = 'START_TLS_AUTO'
      await kit.tries({ host: '127.0.0.1', port: server.port, security, auth }).catch(() => undefined)
      await server.close()
      // So that the tests above would see one.
      assert.ok(isShown(server.heard()), server.heard())
    })
  })
}

function isShown(heard: string): boolean {
  const decoded = heard.split(/[\s]/).map((word) => Buffer.from(word, 'base64').toString('latin1'))
  return [heard, ...decoded].some((text) => text.includes(secret))
}
