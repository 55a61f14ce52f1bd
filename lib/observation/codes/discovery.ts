/** Of service discovery. */
export const discoveryCodes = {
  'virtual-ip-missing': 'service inspect shows no virtual IP on {network}',
  'virtual-ip-not-resolved': 'DNS of {node} does not give the virtual IP {address}',
  'virtual-ip-not-alone': 'DNS of {node} gives {address}, which is not the virtual IP {expected}',
  'virtual-ip-left': 'service inspect shows the virtual IP {address} although the mode is dnsrr',
  'virtual-ip-still-marked': '{node} still marks packets for the former virtual IP {address}',
  'endpoint-mode-unchanged': 'service inspect shows the endpoint mode {observed}',
  'name-refused': 'DNS of {node} answers {observed}',
  'name-lists-twice': 'DNS of {node} lists {address} more than once',
  'name-known-elsewhere': 'a task on {node} that is not on {network} resolves {subject} to {address}',
  'name-known-on-host': 'the resolver of {node} resolves {subject} to {address} of {network}',
  'question-not-forwarded': 'the question of a task on {node} was sent to no nameserver',
  'question-forwarded-elsewhere':
    'the question of a task on {node} was sent to {observed}, which the host does not use',
  'application-does-not-find': 'a program in the task does not find {subject}, which its resolver knows',
  'application-finds-another':
    'a program in the task finds {observed} for {subject}, its resolver says {expected}',
  'application-waits-for-name': 'a program in the task waits {observed} for {subject}',
  'nameservers-silent': 'no nameserver of {node} answers: {address}',
  'name-not-inherited': '{subject} is known to the host {node} and not to its task',
} as const
