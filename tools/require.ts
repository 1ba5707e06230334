// Why: a test that needs what a machine may lack is skipped there, but must never be skipped by accident
// where it counts.

/**
 * Whether the environment says that `what` must be there: BARRE_REQUIRE is a comma list of `servers` and
 * `shared`.
 * Where it is required and absent the test fails; else it is skipped with a notice.
 */
export function isRequired(what: 'servers' | 'shared', list = process.env['BARRE_REQUIRE'] ?? ''): boolean {
  return list.split(',').includes(what)
}
