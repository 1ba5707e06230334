import { Code, ConnectError, createContextKey, createContextValues } from '@connectrpc/connect'
import type {
  ContextKey,
  ContextValues,
  Interceptor,
  StreamResponse,
  UnaryRequest,
  StreamRequest,
} from '@connectrpc/connect'
import { ConfigError } from '../../core/index.ts'
import type { CredentialSource, Need, Outgoing } from '../../core/index.ts'
import { attach, CredentialError, isWithin, obtain, renewWith, toNeed } from '../fetch/index.ts'
import type { CallInit } from '../fetch/index.ts'

/** What a source may want to know of a call beside its method: on whose behalf it is, and for which token. */
export type CallNeed = Pick<CallInit, 'caller' | 'audience' | 'scopes'>

const needKey: ContextKey<CallNeed> = createContextKey({}, { description: 'barre: what the call needs' })

/** The context values of a call for somebody, or that needs a token for an audience or scopes of its own. */
export function onBehalfOf(need: CallNeed, values: ContextValues = createContextValues()): ContextValues {
  return values.set(needKey, need)
}

/** Puts our credential on every call of a client; asks for another one where it is refused. */
export function credentialInterceptor(
  base: URL,
  sourceFor: (need: CallNeed) => CredentialSource | undefined,
): Interceptor {
  return (next) => async (request) => {
    const said = request.contextValues.get(needKey)
    const source = sourceFor(said)
    if (source === undefined) return next(request)
    const [target = ''] = request.url.split('?', 1)
    if (!isWithin(base, new URL(target))) {
      throw new ConfigError('baseUrl', 'the transport calls another URL than its credential is for')
    }
    const { requestMethod: method, signal } = request
    const need: Need = { method, target, signal, ...toNeed(said) }
    const credential = await obtain(source, need).catch((error: unknown) => {
      throw notSent(error)
    })
    const renew = (error: unknown): Promise<Outgoing | undefined> => renewed(source, need, credential, error)
    if (request.stream) {
      const response = await next(carry(request, credential)).catch(async (error: unknown) => {
        await renew(error)
        throw error
      })
      return tellingOfRefusal(response as StreamResponse, renew)
    }
    try {
      return await next(carry(request, credential))
    } catch (error) {
      const another = await renew(error)
      if (another === undefined) throw error
      return next(carry(request, another))
    }
  }
}

/** A copy of the request with the credential. */
function carry<R extends UnaryRequest | StreamRequest>(request: R, outgoing: Outgoing): R {
  return { ...request, header: attach(request.header, outgoing) }
}

/** Tells the source of a refusal; another credential where it has one. */
async function renewed(
  source: CredentialSource,
  need: Need,
  credential: Outgoing,
  error: unknown,
): Promise<Outgoing | undefined> {
  if (!(error instanceof ConnectError) || error.code !== Code.Unauthenticated) return undefined
  const metadata = (name: string): readonly string[] => {
    const value = error.metadata.get(name)
    return value === null ? [] : [value]
  }
  return renewWith(source, need, credential, metadata).catch(() => undefined)
}

/** A stream is not sent again; the next one has the new credential. */
function tellingOfRefusal(
  response: StreamResponse,
  renew: (error: unknown) => Promise<unknown>,
): StreamResponse {
  async function* read(): AsyncGenerator<
    StreamResponse['message'] extends AsyncIterable<infer M> ? M : never
  > {
    try {
      yield* response.message
    } catch (error) {
      await renew(error)
      throw error
    }
  }
  return { ...response, message: read() }
}

/** The end of a call that was not sent. */
function notSent(error: unknown): ConnectError {
  const isRefused = error instanceof CredentialError && error.code !== 'unavailable'
  const message = error instanceof Error ? error.message : 'no credential for the call'
  return new ConnectError(
    message,
    isRefused ? Code.Unauthenticated : Code.Unavailable,
    undefined,
    undefined,
    error,
  )
}
