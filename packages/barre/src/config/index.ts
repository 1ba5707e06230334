export { readToml } from './read-toml.ts'
