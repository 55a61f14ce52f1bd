/** Of packet sizes. */
export const sizeCodes = {
  'interface-mtu-wrong': 'the MTU is {observed}, expected {expected}',
  'larger-than-underlay':
    'its largest packets become {observed} bytes on the wire, but {subject} of {node} carries {expected}',
  'larger-than-uplink': 'the MTU is {observed}, its uplink carries {expected}',
  'full-size-unanswered':
    '{protocol} of {subject}, exactly the MTU of the overlay, was not answered: {observed}',
  'full-size-refused': '{protocol} of {subject}, exactly the MTU of the overlay, was refused by its own host',
  'oversize-passed': '{protocol} of {subject}, a byte more than the MTU of the overlay, was answered',
  'oversize-not-refused':
    '{protocol} of {subject}, a byte more than the MTU of the overlay, was not refused by its own host: {observed}',
  'transfer-unanswered': 'a transfer got no answer: {observed}',
  'transfer-refused': 'a transfer was answered with the HTTP status {observed}',
  'transfer-not-whole': 'a transfer of {expected} bytes was not whole: {observed}',
  'fragments-left': '{protocol} left {from} for {to} in {observed} outer fragments',
  'larger-than-asked':
    'packets of {observed} bytes of {network} left {node}, at most {expected} follow from the MTU asked for',
} as const
