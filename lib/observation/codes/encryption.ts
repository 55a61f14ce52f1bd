/** Of encrypted overlays. */
export const encryptionCodes = {
  'clear-text-left': 'VXLAN with VNI {subject} left {from} for {to} in clear ({observed} frames)',
  'payload-readable':
    'the known payload of the encrypted network was readable in {observed} frames that left {node}',
  'no-esp-left': 'no ESP left {from} for {to}',
} as const
