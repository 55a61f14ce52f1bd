/** Of several groups. */
export const generalCodes = {
  'module-missing': 'the kernel of {node} has no module {subject}',
  'not-delivered': '{protocol} was not delivered: {observed}',
  'answered-by-another': '{protocol} was answered by another: {observed}, expected {expected}',
  'altered-on-the-way': '{protocol} came back with other bytes than were sent',
  'not-again': 'does not hold again within {expected} s',
} as const
