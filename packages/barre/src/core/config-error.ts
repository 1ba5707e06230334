/** A configuration that cannot be used. Thrown at start, never while a call is handled. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'config'
  /** Where in the configuration: `auth[1].jwtValidatorConfig.signatureConfig`. */
  readonly path: string

  /** `problem` says what was expected and how to mend it; it never holds a secret. */
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(path === '' ? problem : `${path}: ${problem}`, options)
    this.path = path
  }
}
