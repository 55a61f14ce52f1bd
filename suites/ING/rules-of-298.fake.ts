/**
 * Written from the facts of moby/moby#53118, not recorded: from 29.8 on an ingress port is published as that of a
 * container is. `dead` are what an engine before it left.
 */
export const of298 = (dead: readonly string[] = [], jumps: readonly string[] = []): string[] => [
  ...['*nat', ':PREROUTING ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ':POSTROUTING ACCEPT [0:0]'],
  ...jumps,
  '[0:0] -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
  '[0:0] -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
  '[0:0] -A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE',
  '[0:0] -A DOCKER ! -i docker_gwbridge -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:8080',
  ...dead,
  ...['COMMIT', '*filter', ':INPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]'],
  ...['[0:0] -A FORWARD -j DOCKER-USER', '[0:0] -A FORWARD -j DOCKER-FORWARD'],
  ...['[0:0] -A DOCKER-FORWARD -j DOCKER-CT', '[0:0] -A DOCKER-FORWARD -j DOCKER-BRIDGE'],
  '[0:0] -A DOCKER-CT -o docker_gwbridge -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '[0:0] -A DOCKER-BRIDGE -o docker_gwbridge -j DOCKER',
  '[0:0] -A DOCKER -d 172.18.0.2/32 ! -i docker_gwbridge -o docker_gwbridge -p tcp -m tcp --dport 8080 -j ACCEPT',
  '[0:0] -A DOCKER ! -i docker_gwbridge -o docker_gwbridge -j DROP',
  'COMMIT',
]
