// Why: the architecture as data. A folder or package that is not here is an error, so that none grows without
// a place.

/** The folders of packages/barre/src and their layer: a folder imports only lower layers, or its own. */
export const layers: Readonly<Record<string, number>> = {
  core: 0,
  crypto: 1,
  url: 1,
  redis: 1,
  taint: 1,
  jose: 2,
  config: 2,
  tls: 2,
  egress: 3,
  listener: 3,
  client: 3,
  transports: 3,
  auth: 4,
  entries: 5,
}

/**
 * Folders whose subfolders are ways in of their own: one wire must not load the libraries of another, and who
 * reads a key must not load all of cryptography.
 */
export const foldersOfTopics: ReadonlySet<string> = new Set(['crypto', 'transports'])

/**
 * Words that are the name of a provider and, on one wire, a word of its own: SMTP calls the addresses of a mail its
 * envelope.
 */
export const wordsOfWires: Readonly<Record<string, readonly string[]>> = { smtp: ['envelope'] }

/** Folders that import no library at all, so that checking a token needs nothing but Node. */
export const foldersWithoutLibraries: ReadonlySet<string> = new Set(['core', 'jose', 'url', 'taint'])

/** Folders that may load a library which is only there when the user installed it. */
export const foldersWithPeers: ReadonlySet<string> = new Set(['crypto', 'listener', 'client', 'transports'])

/** The packages and what of ours each may import, by name: `barre` stands for its subpaths. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  barre: [],
  taint: [],
  sts: ['barre'],
  gateway: ['barre'],
  cli: ['barre', '@barre/sts', '@barre/gateway', '@barre/taint'],
}

/** The one package that talks to its user: printing and the environment are its business. */
export const commandLinePackage = 'cli'

/** The one folder that may load a parser or a compiler, and the libraries that are one. */
export const parserFolder = 'packages/taint/src/frontend/'
export const parsers: readonly RegExp[] = [
  /^oxc-parser$/,
  /^typescript(-\d+)?(\/|$)/,
  /^@(babel|swc|oxc-parser|typescript-eslint)\//,
  /^(acorn|espree|esprima|meriyah|ts-morph)$/,
]
