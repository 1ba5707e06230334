import { LoginRefusedError } from './login.ts'
import type { Login } from './login.ts'

/** Where a login is shown. OAUTHBEARER says so to the server, which may compare. */
export interface SaslServer {
  readonly host: string
  readonly port: number
}

/** One way of SASL (RFC 4422) to show a login. */
interface Mechanism {
  readonly name: string
  readonly sends: Login['kind']
  /** What is said, in base64, to one challenge after the other. */
  answers(login: Login, server: SaslServer): readonly string[]
}

/** The mechanisms, best first. */
const mechanisms: readonly Mechanism[] = [
  {
    name: 'OAUTHBEARER',
    sends: 'token',
    answers: ({ username, secret }, { host, port }) => [
      // RFC 7628 §3.1
      encode(
        `n,a=${toSaslName(username)},\x01host=${host}\x01port=${port}\x01auth=Bearer ${secret.reveal()}\x01\x01`,
      ),
      // The reason of a refusal comes as a challenge, and wants this answer (§3.2.3).
      encode('\x01'),
    ],
  },
  {
    name: 'XOAUTH2',
    sends: 'token',
    answers: ({ username, secret }) => [
      encode(`user=${username}\x01auth=Bearer ${secret.reveal()}\x01\x01`),
      '',
    ],
  },
  {
    name: 'PLAIN',
    sends: 'password',
    answers: ({ username, secret }) => [encode(`\0${username}\0${secret.reveal()}`)],
  },
  {
    name: 'LOGIN',
    sends: 'password',
    answers: ({ username, secret }) => [encode(username), encode(secret.reveal())],
  },
]

/** The best mechanism for a login that a server offers. */
export function chooseMechanism(login: Login, offered: ReadonlySet<string>): Mechanism | undefined {
  return mechanisms.find(({ name, sends }) => sends === login.kind && offered.has(name))
}

/** What a server says to a line of ours, in the terms of SASL. */
export interface SaslReply {
  readonly kind: 'challenge' | 'success' | 'refusal'
  readonly text: string
}

/** Nothing asks for more. */
const answersMax = 3

/** Shows a login; `say` sends a line. Throws LoginRefusedError with what the server said. */
export async function authenticate(
  mechanism: Mechanism,
  login: Login,
  server: SaslServer,
  say: (line: string) => Promise<SaslReply>,
): Promise<void> {
  const answers = mechanism.answers(login, server)
  // The first answer waits for a challenge, too: where it is long, it must (RFC 5034 §4).
  let reply = await say(`AUTH ${mechanism.name}`)
  for (let count = 0; reply.kind === 'challenge' && count < answersMax; count++) {
    reply = await say(answers[count] ?? '*')
  }
  if (reply.kind !== 'success') throw new LoginRefusedError(reply.text)
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

/** RFC 5801 §4: two characters mean something else there. */
function toSaslName(username: string): string {
  return username.replaceAll('=', '=3D').replaceAll(',', '=2C')
}
