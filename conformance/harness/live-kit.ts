import type { AuthConfig, ResourceAuth } from 'barre/auth'
import type { DenialCode, Services } from 'barre/core'
import type { Place, Presented, Prove } from './kit.ts'

/** What a wire with connections that last has to serve: one resource, whose caller may renew the credential. */
export interface ServedLive {
  readonly auth: AuthConfig
  readonly resource: ResourceAuth | 'service'
  readonly services: Partial<Services>
}

/** An open connection, as its client sees it. */
export interface LiveConnection {
  /** Has the service answer, and gives the caller's name. */
  ask(): Promise<string>
  /** On wires where a credential can be renewed on the open connection. */
  readonly inBand?: InBand
  /** The wire's word for how the connection ended. */
  readonly ended: Promise<string>
  close(): Promise<void>
}

export interface InBand {
  /** Presents another credential, and gives the wire's word for "accepted" or for "not now". */
  renew(authorization: string, proof?: Prove): Promise<'accepted' | 'kept'>
  /** Presents one that will end the connection. */
  present(authorization: string): void
}

export interface RunningLive {
  connect(presented: Presented): Promise<LiveConnection>
  close(): Promise<void>
}

/** A wire whose connections outlive a call. Adding one: a file in lives/, and a line in its index. */
export interface LiveKit {
  /** The folder in packages/barre/src/transports. */
  readonly folder: string
  /** Where a folder has several wires: what this one is called. Default: the folder. */
  readonly name?: string
  /** Whether its connections have `inBand`; else another credential is for another connection. */
  readonly renewsInBand: boolean
  /** Whether a call has a URL, so that a proof can name it. */
  readonly takesProofs: boolean
  /** What it says to a caller whose connection ends. */
  readonly says: (code: DenialCode) => string
  start(served: ServedLive, place: Place): Promise<RunningLive>
}
