import { test } from 'node:test'
import { Secret } from '../core/index.ts'
import type { Provider } from '../core/index.ts'
import type { AuthConfig, ClientAuthConfig, ListenerAuthConfig, ResourceAuth } from './auth-config.ts'

/** The types are the test: `tsc` fails when a wrong form compiles, or a right one does not. */
function accept<T>(...values: readonly T[]): readonly T[] {
  return values
}

declare const provider: Provider

const tokenUrl = 'https://as.example/token'
const certificates = { anyFromCa: ['mesh'] } as const

test('the types allow exactly the forms that compileAuth accepts', () => {
  void (() => {
    accept<AuthConfig>(
      [{ fileUserStoreConfig: {} }],
      [{ fileUserStoreConfig: { path: 'users.toml' }, scopes: 'a' }],
      [
        { mutualTlsConfig: certificates, scopes: ['a', 'b'] },
        { provider, scopes: { all: ['a', 'b'] } },
      ],
      [{ mutualTlsConfig: { identities: { 'cn:x': [] } } }],
      [{ all: [{ fileUserStoreConfig: {} }, { mutualTlsConfig: certificates }, { provider }], scopes: 'a' }],
    )
    accept<ResourceAuth>(false, { scopes: 'a' }, { optional: true }, { optional: true, scopes: ['a'] }, [
      { provider },
    ])
    accept<ClientAuthConfig>(
      { username: 'tom', password: '123' },
      { username: 'tom', password: new Secret('123') },
      { token: 'abc' },
      { propagate: true },
      { tokenUrl, clientId: 'a', clientSecret: 'b' },
      { tokenUrl, username: 'tom', password: '123', refreshConfig: 'INFER_REFRESH_CONFIG' },
      { tokenUrl, assertion: { auth: { propagate: true } } },
      { tokenUrl, clientId: 'a', subjectToken: { caller: true } },
      { refreshUrl: tokenUrl, refreshToken: 'r', clientId: 'a' },
      { accessToken: 'a', refreshConfig: { refreshUrl: tokenUrl, refreshToken: 'r', clientId: 'a' } },
    )

    // @ts-expect-error a misspelt kind
    accept<ListenerAuthConfig>({ fileUserStore: {} })
    // @ts-expect-error no kind
    accept<ListenerAuthConfig>({ scopes: 'a' })
    // @ts-expect-error two kinds
    accept<ListenerAuthConfig>({ fileUserStoreConfig: {}, mutualTlsConfig: certificates })
    // @ts-expect-error a kind and a provider
    accept<ListenerAuthConfig>({ fileUserStoreConfig: {}, provider })
    // @ts-expect-error a misspelt field of a kind
    accept<ListenerAuthConfig>({ fileUserStoreConfig: { file: 'users.toml' } })
    // @ts-expect-error neither identities nor anyFromCa
    accept<ListenerAuthConfig>({ mutualTlsConfig: {} })
    // @ts-expect-error scopes inside all
    accept<ListenerAuthConfig>({ all: [{ provider, scopes: 'a' }] })
    // @ts-expect-error all inside all
    accept<ListenerAuthConfig>({ all: [{ all: [{ provider }] }] })
    // @ts-expect-error scopes that are a number
    accept<ListenerAuthConfig>({ provider, scopes: 7 })
    // @ts-expect-error scopes that may be undefined: they would open what they should close
    accept<ListenerAuthConfig>({ provider, scopes: undefined })
    // @ts-expect-error true
    accept<ResourceAuth>(true)
    // @ts-expect-error an empty record
    accept<ResourceAuth>({})
    // @ts-expect-error an entry where a list belongs
    accept<ResourceAuth>({ fileUserStoreConfig: {} })
    // @ts-expect-error a password is missing
    accept<ClientAuthConfig>({ username: 'tom' })
    // @ts-expect-error two kinds
    accept<ClientAuthConfig>({ username: 'tom', password: '123', token: 'abc' })
    // @ts-expect-error a password without its user
    accept<ClientAuthConfig>({ tokenUrl, password: '123' })
    // @ts-expect-error a grant and a token
    accept<ClientAuthConfig>({ tokenUrl, clientId: 'a', token: 'abc' })
    // @ts-expect-error propagate: false says nothing
    accept<ClientAuthConfig>({ propagate: false })
  })
})
