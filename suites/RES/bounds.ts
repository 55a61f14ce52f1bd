/**
 * Bounds of recovery, in milliseconds, each from what the engine documents or its source says:
 *
 * - a node that is silent for three heartbeats of 5 s is down (swarmkit, manager/dispatcher: defaultHeartBeatPeriod,
 *   defaultGracePeriodMultiplier), and its tasks are recreated elsewhere;
 * - a task that ended is started again after 5 s (swarmkit, api/defaults: RestartPolicy.Delay);
 * - networkdb tries to rejoin peers it lost every 60 s (libnetwork/networkdb/cluster.go: rejoinClusterInterval) and
 *   exchanges its tables whole with a random peer every 30 s (bulkSyncInterval).
 *
 * Starting tasks is added as 120 s: on emulated hosts the start of a container takes 2 to 12 s and they queue; the five
 * of a node that came back were seen to take more than 65 s together.
 */
const nodeDownMs = 15_000
const restartDelayMs = 5_000
const rejoinMs = 60_000
const bulkSyncMs = 30_000
const startOfTasksMs = 120_000

/** A drained node's tasks run elsewhere, and after its return its global tasks run there again. */
export const movedWithinMs = restartDelayMs + startOfTasksMs
/** All nodes agree again after a partition has healed. */
export const healedWithinMs = rejoinMs + bulkSyncMs + nodeDownMs + startOfTasksMs
/** A node whose engine or kernel was restarted serves again. */
export const backWithinMs = rejoinMs + bulkSyncMs + restartDelayMs + startOfTasksMs
/** Long enough that the managers give the node up. */
export const partitionMs = 2 * nodeDownMs
