// Why: which stores of keys the programs of Java write, only they can say.
import type { ForeignClient } from './server.ts'

export const keytool: ForeignClient = {
  name: "Java's keytool",
  packages: ['default-jre-headless'],
  program: 'keytool',
}
