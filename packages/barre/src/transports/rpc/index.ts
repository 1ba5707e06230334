export { methodPolicies } from './method-policies.ts'
export type { MethodPolicies } from './method-policies.ts'
export { refusalMetadata, rpcStatuses, sendableMetadata } from './status.ts'
