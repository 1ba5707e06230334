import { readToml } from 'barre/config'
import { gatewayShape } from './config.ts'
import type { GatewayConfig } from './config.ts'

/** Reads the configuration from a TOML file. Throws ConfigError that names the file, or the field at fault. */
export function readGatewayConfig(file: string): Promise<GatewayConfig> {
  return readToml(file, gatewayShape)
}
