import { createHash } from 'node:crypto'
import { nkeys } from '@nats-io/transport-node'

/** The keys of a NATS operator with one account, and what a server needs to know of them. */
export interface NatsAccounts {
  /** Lines of a server's configuration. */
  readonly lines: readonly string[]
  /** A creds file for a user of the account, who is let in for so long. */
  creds(lifetimeSeconds: number): string
  /** A creds file that another account has signed. */
  forgedCreds(): string
}

export function createAccounts(): NatsAccounts {
  const [operator, account, system, stranger] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createAccount(),
  ]
  const unlimited = 'subs data payload conn leaf imports exports mem_storage disk_storage streams consumer'
  const limits = { wildcards: true, ...Object.fromEntries(unlimited.split(' ').map((name) => [name, -1])) }
  const accountClaims = { type: 'account', version: 2, limits }
  const [accountName, systemName] = [account.getPublicKey(), system.getPublicKey()]
  const accountJwt = sign(operator, accountName, accountClaims)
  const systemJwt = sign(operator, systemName, {
    type: 'account',
    version: 2,
    limits: { ...limits, streams: 0, mem_storage: 0, disk_storage: 0, consumer: 0 },
  })
  const operatorJwt = sign(operator, operator.getPublicKey(), { type: 'operator', version: 2 })
  return {
    lines: [
      `operator: ${operatorJwt}`,
      `system_account: ${systemName}`,
      'resolver: MEMORY',
      `resolver_preload: { ${accountName}: ${accountJwt}, ${systemName}: ${systemJwt} }`,
    ],
    creds: (lifetimeSeconds) => toCreds(account, lifetimeSeconds),
    forgedCreds: () => toCreds(stranger, 3600),
  }
}

type KeyPair = ReturnType<typeof nkeys.createUser>

function toCreds(account: KeyPair, lifetimeSeconds: number): string {
  const user = nkeys.createUser()
  const claims = { type: 'user', version: 2, subs: -1, data: -1, payload: -1, pub: {}, sub: {} }
  const jwt = sign(account, user.getPublicKey(), claims, {
    exp: Math.floor(Date.now() / 1000) + lifetimeSeconds,
  })
  const seed = Buffer.from(user.getSeed()).toString('latin1')
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    seed,
    '------END USER NKEY SEED------',
    '',
  ].join('\n')
}

/** A JWT as NATS has them: signed with Ed25519, but with names of their own in the header. */
function sign(issuer: KeyPair, sub: string, nats: object, more: object = {}): string {
  const claims = {
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: sub,
    sub,
    ...more,
    nats,
  }
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('base64url')
  const input = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...claims, jti })}`
  return `${input}.${Buffer.from(issuer.sign(Buffer.from(input))).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
