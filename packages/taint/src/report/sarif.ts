import type { Item, Place } from './item.ts'
import { codeOf } from './text.ts'

/** A SARIF 2.1.0 log with one code flow per finding and fingerprints that survive moved lines. */
export function toSarif(items: readonly Item[], version: string): object {
  const rules = [...new Map(items.map((item) => [codeOf(item), item])).values()]
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'barre check',
            version,
            informationUri: 'https://github.com/barre',
            rules: rules.map(ruleOf),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: items.map(resultOf),
      },
    ],
  }
}

function ruleOf(item: Item): object {
  return {
    id: codeOf(item),
    name: item.kind,
    shortDescription: { text: `Untrusted data reaches a place that is sensitive to ${item.kind}.` },
    properties: { tags: ['security', `external/cwe/${item.cwe.toLowerCase()}`] },
  }
}

function resultOf(item: Item): object {
  const flow = item.path.map((place) => ({
    location: { ...locationOf(place), message: { text: place.why } },
  }))
  return {
    ruleId: codeOf(item),
    level: item.severity,
    message: { text: item.message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(item.file), uriBaseId: '%SRCROOT%' },
          region: {
            startLine: item.line,
            startColumn: item.column,
            endLine: item.endLine,
            endColumn: item.endColumn,
          },
        },
      },
    ],
    partialFingerprints: { 'barreTaint/v1': item.id },
    ...(flow.length > 0 ? { codeFlows: [{ threadFlows: [{ locations: flow }] }] } : {}),
  }
}

function locationOf(place: Place): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: encodeURI(place.file), uriBaseId: '%SRCROOT%' },
      region: { startLine: place.line, startColumn: place.column, snippet: { text: place.text } },
    },
  }
}
