import { source } from '../kit.ts'

export const settings = { tainted: source(), clean: 'safe' }
export { source as renamed } from '../kit.ts'
export default function identity(value: string): string {
  return value
}
