/** Hidden fields of a bound function. */
export const BOUND_TARGET = '<target>'
export const BOUND_THIS = '<self>'
export const BOUND_ARGS = '<args>'
/** It is given a callback, and returns a promise of what that is called with. */
export const PROMISED = '<promised>'

/** Hidden fields of `resolve` and `reject`: the promise they settle, and how. */
export const SETTLES = '<settles>'
export const SETTLED_FIELD = '<field>'

/** Hidden fields of a class. */
export const CONSTRUCTOR = '<constructor>'
export const INITIALIZER = '<initializer>:'
/** What the decorators of a field say of it. */
export const RULES = '<rules>:'

/** The content type that a response was given. */
export const CONTENT_TYPE = '<content-type>'

/** A callback that keeps what it is called with. */
export const COLLECTS = '<collects>'
