import type { LibraryFile } from '@barre/taint'

/** The functions that language-feature tests use for "untrusted", "dangerous" and "checked". */
export function standIns(): LibraryFile[] {
  return [
    {
      package: 'global',
      entries: {
        'source()': { source: 'test' },
        'literalSource()': { source: 'test' },
        sink: { sinks: { 'arg(0..)': 'test' } },
        'fs.sink': { sinks: { 'arg(0)': 'test' } },
        isSafe: { guard: { argument: 0, clears: ['*'] } },
        sanitizer_id: { inert: true },
      },
    },
  ]
}
