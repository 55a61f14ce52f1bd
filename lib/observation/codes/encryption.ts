/** Of encrypted overlays. */
export const encryptionCodes = {
  'clear-text-left': 'VXLAN with VNI {subject} left {from} for {to} in clear ({observed} frames)',
  'payload-readable':
    'the known payload of the encrypted network was readable in {observed} frames that left {node}',
  'no-esp-left': 'no ESP left {from} for {to}',
  'twin-not-clear': 'no VXLAN of the clear twin left {from} for {to}, but {observed} ESP packets',
  'inbound-states-differ': '{node} has {observed} inbound states from {subject}, expected {expected}',
  'outbound-states-differ': '{node} has {observed} outbound states to {subject}, expected {expected}',
  'spi-unknown-to-peer': '{from} sends to {to} with SPI {subject}, which {to} has no inbound state for',
  'spi-unknown-to-sender': 'SPI {subject} is on the wire, but {from} has no outbound state with it',
  'policies-differ': '{node} has {observed} outbound policies to {subject}, expected {expected}',
  'policy-source-differs':
    'the outbound policy of {node} to {subject} is for source {observed}, expected {expected}',
  'policy-port-differs':
    'the outbound policy of {node} to {subject} is for port {observed}, expected {expected}',
  'policy-without-state':
    'the outbound policy of {node} to {subject} names SPI {observed}, for which there is no state',
  'state-form-differs': 'state {address} of {node} has {subject} {observed}, expected {expected}',
  'state-for-stranger':
    'state {subject} of {node} is for {observed}, which are not both data-path addresses of nodes',
  'sequence-repeated': '{observed} sequence numbers of SPI {subject} were sent again',
  'sequence-not-rising':
    'sequence numbers of SPI {subject} do not rise: one came {observed} behind the highest, allowed are {expected}',
  'injected-frame-reached':
    '{observed} of {expected} frames in clear from outside reached {service} on {node} of {network}',
  'injected-frame-reached-behind-accept':
    '{observed} of {expected} frames in clear from outside reached {service} on {node} of {network}, behind an ACCEPT rule that was there before the network',
  'drop-rule-not-counting': 'the drop rule of {node} counted {observed} of {expected} injected frames',
  'mark-rule-not-counting': 'the mark rule of {node} counted {observed} of {expected} packets that were sent',
  'mark-rule-missing': 'no rule of {node} marks what leaves with VNI {expected} for encryption',
  'drop-rule-missing': 'no rule of {node} drops what arrives unencrypted with VNI {expected}',
  'enforcement-shadowed': 'on {node} {subject} decides before rule {expected}, which enforces encryption',
  'fails-open':
    'with its outbound policies gone {node} sent {observed} packets with VNI {subject} in clear: the engine fails open',
  'ingress-encrypted-by-default': 'ingress as the engine made it at init was encrypted already',
  'ingress-not-encrypted': '{node} states that {network} is not encrypted',
  'not-measurable': '{protocol} was not answered, so that nothing could be measured: {observed}',
} as const
