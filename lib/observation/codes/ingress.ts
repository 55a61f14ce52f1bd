/** Of published ports, of the network that leads them to tasks, and of services that are given both and lose them. */
export const ingressCodes = {
  'port-not-answered': 'requests to {protocol} port {port} of {node} were not answered: {observed}',
  'own-port-not-answered':
    'requests of {node} to its own {protocol} port {port} were not answered: {observed}',
  'own-node-not-answering-task':
    'requests of a task on {node} to {protocol} port {port} of its own node were not answered: {observed}',
  'node-not-answering-task':
    'requests of a task to {protocol} port {port} of {node} were not answered: {observed}',
  'task-not-reached-through-node': 'no request to port {port} of {node} was answered by {subject}',
  'publish-syntaxes-differ': 'the manager holds {observed} by the short syntax, {expected} by the long',
  'ingress-chain-not-reached':
    '{subject} of {node} does not lead {protocol} port {port} to the rule that translates it',
  'own-traffic-not-masqueraded':
    '{subject} of {node} does not masquerade what the node itself sends to docker_gwbridge',
  'ingress-sandbox-missing': '{node} has no namespace {subject}',
  'ingress-sandbox-not-on-bridge': 'ingress_sbox of {node} has no address on {subject}',
  'port-not-translated': '{subject} of {node} has no DNAT rule that leads {protocol} port {port} to the mesh',
  'port-translated-elsewhere':
    '{subject} of {node} leads {protocol} port {port} to {observed}, not to {expected}',
  'published-port-not-forwarded':
    '{node} does not forward to the mesh what arrives for {protocol} port {port}: {subject} drops it',
  'sender-tracked-past-mesh':
    '{node} leads {observed} who sent to UDP port {port} before it was published past the mesh',
  'port-not-marked': 'no rule in {subject} of {node} marks packets for {protocol} port {port}',
  'unpublished-port-answered': '{address}, which is not published ({subject}), was answered by {observed}',
  'host-port-answered-elsewhere': '{node} has no task, but its port {port} was answered by {observed}',
  'host-port-in-mesh': '{node} leads port {port}, published in host mode, into the mesh: {subject}',
  'host-mode-on-ingress': '{subject} is published in host mode and has an address on {network}',
  'taken-port-accepted': '{node} accepted a second service on {protocol} port {port}',
  'refusal-unclear': '{node} refused "{subject}" without naming {expected}: {observed}',
  'refused-service-exists': '{node} lists the service {subject}, which it refused',
  'second-ingress-accepted': '{node} accepted a second ingress network',
  'ingress-removed-in-use': '{node} removed the ingress network although services publish through it',
  'ingress-list-changed': '{node} lists other ingress networks than before',
  'ingress-not-single': '{node} lists {observed} ingress networks',
  'ingress-setting-differs': '{node} shows another {subject} of the ingress network than was asked for',
  'ingress-sandbox-without-address': '{subject} of {node} has no address of the ingress network',
  'ingress-interface-missing': 'no interface on {node} has the address {address} of {subject}',
  'ingress-mtu-differs': '{subject} on {node} has another MTU',
  'ingress-address-outside': '{subject} on {node} has an address outside the ingress network: {address}',
  'ingress-gateway-address-used': '{subject} on {node} has the address of the gateway, {address}',
  'task-ended-without-ingress': '{subject} no longer runs',
  'publishing-without-ingress-accepted':
    '{node} accepted a service that publishes although there is no ingress network',
  'published-port-missing': '{node} shows no published port of {service}',
  'published-port-still-answered':
    'port {port} of {node} is published no more, but was answered by {observed}',
  'task-not-attached': '{subject} is not attached to {network}',
  'task-still-attached': '{subject} is still attached to {network}',
  'name-still-found': 'DNS of {node} still resolves {subject} to {address}',
  'former-address-answers': '{address}, the former address of the task, still answers {protocol}',
} as const
