/** Ports a swarm needs between its nodes, besides that of its data path. */
export const managementPort = 2377
export const gossipPort = 7946

/** UDP port of VXLAN where nothing else is configured (RFC 7348). */
export const defaultDataPathPort = 4789

/** The bridge by which tasks on overlays reach what is outside of them; the first swarm a host joins makes it. */
export const gatewayBridgeName = 'docker_gwbridge'
