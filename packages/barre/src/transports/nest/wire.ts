import type { ExecutionContext } from '@nestjs/common'
import type { Awaitable } from '../../core/index.ts'

/** How one kind of controller has its calls decided. */
export interface Wire {
  /** Lets a call of a handler in; or throws what Nest answers the refusal with, or gives false for Nest's own words. */
  enter(context: ExecutionContext): Awaitable<boolean>
}
