import { sh } from '../script.ts'

/**
 * Prints what tells one boot of a host from the next. A container has the boot id of the kernel it shares; what starts
 * again is its first process.
 */
export const printBootId = sh`cat /proc/sys/kernel/random/boot_id; cut -d ' ' -f 22 /proc/1/stat`
