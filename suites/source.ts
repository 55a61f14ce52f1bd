import type { Source } from '../lib/conformance/test.ts'

/** Docker documentation, "Manage swarm service networks". */
export const docs = (section: string): Source => ({
  document: 'Docker docs, Manage swarm service networks',
  section,
})

/** A. Kittana, "Docker Networking Internals: Container Connectivity in Docker Swarm and Overlay Networks", 2016. */
export const internals = (section: string): Source => ({
  document: 'Docker Networking Internals: Container Connectivity in Docker Swarm and Overlay Networks',
  section,
})

/** Vivid Breeze, "Docker Networking – Overlay Network". */
export const overlayTutorial = (section: string): Source => ({
  document: 'Docker Networking – Overlay Network',
  section,
})

export const rfc = (number: number, section: string): Source => ({ document: `RFC ${number}`, section })

/** Behaviour of the engine, by its source or a published advisory. */
export const moby = (section: string): Source => ({ document: 'Moby', section })
