export { gatewayShape } from './config.ts'
export { startGateway } from './start.ts'
export type {
  ExchangeConfig,
  GatewayConfig,
  LimitsConfig,
  RouteConfig,
  StsClientConfig,
  UpstreamConfig,
} from './config.ts'
export type { RunningGateway } from './start.ts'
