import type { LabRecord, NodeRecord } from '../../conformance/run-record.ts'
import type { NodeSpec, Topology } from '../../topology/topology.ts'
import { escapeMarkup } from '../../printable.ts'

const widthPx = 400
const busGapPx = 20
const linePx = 18

/**
 * The lab as inline SVG: every underlay is a vertical line, every node a box beside the lines, joined to those it
 * is attached to. It grows downwards with the nodes, so that it can be read on a phone.
 */
export function topologyDrawing(record: LabRecord): string {
  const { topology } = record
  const buses = topology.underlays.map((underlay, index) => ({
    underlay,
    index,
    x: 12 + index * busGapPx,
    style: `bus${index % 4}`,
  }))
  const left = 12 + Math.max(1, buses.length) * busGapPx
  const parts: string[] = []
  let y = 8
  for (const bus of buses) {
    const text = `${bus.underlay.name} · ${bus.underlay.subnet} · MTU ${bus.underlay.mtuBytes}`
    parts.push(`<circle class="${bus.style}" cx="${bus.x}" cy="${y + 8}" r="5"/>`)
    parts.push(label(left, y + 13, text, { bold: true }))
    parts.push(label(left, y + 13 + linePx, carries(topology, bus.underlay.name), { soft: true }))
    parts.push(`<line class="${bus.style}" x1="${bus.x}" y1="${y + 8}" x2="${bus.x}" y2="@bottom"/>`)
    y += 2 * linePx + 8
  }
  for (const node of topology.nodes) {
    const known = record.nodes.find((entry) => entry.name === node.name)
    const box = nodeBox(node, known, left, y)
    parts.push(box.svg)
    for (const bus of buses) {
      if (node.addresses[bus.underlay.name] === undefined) continue
      const at = y + 16 + bus.index * 12
      parts.push(`<line class="${bus.style}" x1="${bus.x}" y1="${at}" x2="${left}" y2="${at}"/>`)
      parts.push(`<circle class="${bus.style}" cx="${bus.x}" cy="${at}" r="3.5"/>`)
    }
    y += box.heightPx + 10
  }
  const title = `Lab ${topology.name}: ${topology.nodes.length} nodes on ${topology.underlays.length} underlay networks`
  return `<svg viewBox="0 0 ${widthPx} ${y}" role="img" aria-label="${escapeMarkup(title)}">${parts
    .join('')
    .replaceAll('@bottom', String(y - 10))}</svg>`
}

function nodeBox(
  node: NodeSpec,
  known: NodeRecord | undefined,
  x: number,
  y: number,
): { svg: string; heightPx: number } {
  const addresses = Object.entries(node.addresses)
  const lines = [
    ...addresses.map(([underlay, address]) => (addresses.length > 1 ? `${address} on ${underlay}` : address)),
    ...(known === undefined
      ? ['engine was not reached']
      : [`engine ${known.engineVersion}`, `kernel ${known.kernelRelease}`]),
  ]
  const heightPx = 34 + lines.length * linePx
  const box = `<rect class="box ${node.role}" x="${x}" y="${y}" width="${widthPx - x - 2}" height="${heightPx}" rx="7"/>`
  const text = [
    label(x + 12, y + 22, node.name, { bold: true }),
    `<text x="${widthPx - 14}" y="${y + 22}" font-size="13" text-anchor="end" class="soft">${node.role}</text>`,
    ...lines.map((line, index) => label(x + 12, y + 42 + index * linePx, line, { soft: true })),
  ]
  return { svg: box + text.join(''), heightPx }
}

function carries(topology: Topology, underlay: string): string {
  const roles = [
    topology.swarm.advertise === underlay ? 'control (2377, 7946)' : '',
    topology.swarm.dataPath === underlay ? `VXLAN (UDP ${topology.swarm.dataPathPort}) and ESP` : '',
  ].filter((role) => role !== '')
  return roles.length === 0 ? 'carries nothing of the swarm' : `carries ${roles.join(', ')}`
}

function label(x: number, y: number, text: string, look: { bold?: true; soft?: true }): string {
  const longest = look.bold === true ? 40 : 48
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text
  const kind = look.soft === true ? ' class="soft"' : ''
  const weight = look.bold === true ? ' font-weight="600"' : ''
  return `<text x="${x}" y="${y}" font-size="${look.bold === true ? 14 : 13}"${weight}${kind}>${escapeMarkup(short)}</text>`
}
