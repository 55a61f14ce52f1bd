import { SwarmproofError } from './error.ts'

/**
 * Something a requirement rests on is not there, so that nothing can be said about the network, neither good nor bad.
 * Thrown where it was wanted; verifying makes a skip of it, with its message as the reason.
 */
export class MissingPrerequisite extends SwarmproofError {}
