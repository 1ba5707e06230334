export { toInterceptor } from './interceptor.ts'
export type { Interceptor, InterceptorConfig, RequestExtras } from './interceptor.ts'
