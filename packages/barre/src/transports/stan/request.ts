import type { NatsConnection } from '@nats-io/transport-node'
import { decode, encode } from './protobuf.ts'
import type { Decoded, Layout } from './protobuf.ts'
import { StanError } from './stan-error.ts'

/** One question to the streaming server, and the layouts of both ways. */
export interface Exchange<Q extends Layout, A extends Layout> {
  readonly asks: Q
  readonly answers: A
  /** In milliseconds. */
  readonly timeout: number
}

/** Asks, and reads the answer; rejects with StanError where that says so, with what the library throws else. */
export async function ask<Q extends Layout, A extends Layout & { readonly error: readonly [number, 'text'] }>(
  nats: NatsConnection,
  subject: string,
  question: Partial<Decoded<Q>>,
  { asks, answers, timeout }: Exchange<Q, A>,
): Promise<Decoded<A>> {
  const { data } = await nats.request(subject, encode(asks, question), { timeout })
  const answer = decode(answers, data)
  if (answer.error !== '') throw new StanError(answer.error)
  return answer
}
