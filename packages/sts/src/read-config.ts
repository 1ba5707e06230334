import { readToml } from 'barre/config'
import { stsShape } from './config.ts'
import type { StsConfig } from './config.ts'

/** Reads the configuration from a TOML file. Throws ConfigError that names the file, or the field at fault. */
export function readStsConfig(file: string): Promise<StsConfig> {
  return readToml(file, stsShape)
}
