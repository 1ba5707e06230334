import { chain, ok } from '../core/index.ts'
import type {
  Awaitable,
  CredentialSource,
  Need,
  Outgoing,
  Provider,
  Result,
  Services,
  Shape,
  SourceKind,
} from '../core/index.ts'
import { createServices } from './services.ts'

/** Makes a provider by hand, for `handler(provider)` or an `{ provider }` entry. Throws ConfigError. */
export type ProviderFactory<C, P extends Provider = Provider> = (config: C, services?: Services) => P

/** The imperative form of a listening kind. */
export function toProviderFactory<C, P extends Provider>(kind: {
  readonly key: string
  readonly shape: Shape<C>
  create(config: C, services: Services, path: string): P
}): ProviderFactory<C, P> {
  return (config, services = createServices()) =>
    kind.create(kind.shape.check(config, kind.key), services, kind.key)
}

/** A credential source that can also be asked for the bare token. */
export interface TokenSource extends CredentialSource {
  /** What follows the scheme in an Authorization header: base64 of `username:password`, or the token. */
  generateToken(need?: Partial<Need>): Awaitable<Result<string>>
  /** Obtains a credential now, for programs that rather fail at start than at their first call. */
  warmUp(): Promise<Result<void>>
}

/** Makes a credential source by hand. Throws ConfigError. */
export type SourceFactory<C> = (config: C, services?: Services) => TokenSource

/** The factory of a calling kind. */
export type FactoryOf<Kind> = Kind extends { readonly shape: Shape<infer Config> }
  ? SourceFactory<Config>
  : never

/** The imperative form of a calling kind; `name` is the factory's, for the messages of ConfigErrors. */
export function toSourceFactory<C>(
  kind: Pick<SourceKind<string, C>, 'shape' | 'create'>,
  name: string,
): SourceFactory<C> {
  return (config, services = createServices()) => {
    const source = kind.create(kind.shape.check(config, name), services, name)
    return {
      credential: (need) => source.credential(need),
      ready: () => source.ready?.() ?? true,
      close: async () => source.close?.(),
      generateToken: (need) =>
        chain(source.credential({ method: '', target: '', ...need }), (result) =>
          result.ok ? ok(toToken(result.value)) : result,
        ),
      async warmUp() {
        const result = await source.credential({ method: '', target: '' })
        return result.ok ? ok(undefined) : result
      },
    }
  }
}

function toToken(outgoing: Outgoing): string {
  if (outgoing.kind === 'token') return outgoing.token.reveal()
  return Buffer.from(`${outgoing.username}:${outgoing.password.reveal()}`).toString('base64')
}
