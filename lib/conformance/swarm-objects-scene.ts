import { readSwarmObjects } from '../swarm/swarm-objects.ts'
import { scene } from './scene.ts'

/** What there is in the swarm besides what the run made, read once a generation, by name and address alone. */
export const swarmObjects = scene('swarm-objects', ({ cluster }) => readSwarmObjects(cluster))
