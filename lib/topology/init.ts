/**
 * What a lab's hosts run as process 1: `script`, the default, starts the engine and sshd and nothing else, and boots
 * fastest; `systemd` is what most servers have, with login sessions, units and the journal.
 */
export const initNames = ['script', 'systemd'] as const
export type InitName = (typeof initNames)[number]
