import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { paceBounds } from './conformance/pace.ts'
import { observationBounds } from './conformance/stored-files.ts'
import { inventoryBounds } from './discovery/inventory/inventory-bounds.ts'
import { packageRoot } from './package-root.ts'
import { MOST_FLOWS, MOST_TUNNELS } from './packet/ledger-tables.ts'
import { MOST_INTERFACES } from './packet/pcapng-reader.ts'
import { LARGEST_PACKET_BYTES } from './packet/record.ts'
import { historyBounds } from './report/history/history-file.ts'
import { usualBytes, usualLineBytes } from './remote/bounded-lines.ts'
import { defaultMaxOutputBytes } from './remote/bounded-run.ts'
import { runBounds } from './report/read-run.ts'
import { runFileBounds } from './report/run-files.ts'
import { yamlBounds } from './topology/yaml-bounds.ts'

/** As the page writes them: sizes in the largest unit that is whole. */
function written(name: string, value: number): string {
  if (name.endsWith('Seconds')) return `${value} s`
  if (!name.endsWith('Bytes')) return value.toLocaleString('en')
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  const unit = units.findLastIndex((_, power) => value % 1024 ** power === 0)
  return `${value / 1024 ** unit} ${units[unit] ?? ''}`
}

describe('docs/bounds.md', () => {
  const page = readFileSync(join(packageRoot(), 'docs', 'bounds.md'), 'utf8')
  const parts = page.split('\n## ')
  const part = (title: string): string => parts.find((text) => text.startsWith(title)) ?? ''

  const all: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
    ['Hosts', { outputBytes: defaultMaxOutputBytes, lineBytes: usualLineBytes, linesBytes: usualBytes }],
    ['Starved hosts', paceBounds],
    ['YAML', yamlBounds],
    ['Inventories', inventoryBounds],
    ['Stored runs', runBounds],
    ['Stored runs', observationBounds],
    ['Stored runs', runFileBounds],
    ['Stored runs', historyBounds],
    ['Captures', { MOST_FLOWS, MOST_TUNNELS, MOST_INTERFACES, LARGEST_PACKET: LARGEST_PACKET_BYTES }],
  ]
  for (const [title, bounds] of all) {
    it(`states each of ${Object.keys(bounds).join(', ')}`, () => {
      for (const [name, value] of Object.entries(bounds)) {
        expect(part(title), `${name} under ${title}`).to.match(
          new RegExp(`(^|[^\\d,])${written(name, value)}\\b`),
        )
      }
    })
  }
})
