import { SwarmproofError } from '../error.ts'
import { sh } from '../script.ts'
import type { Task } from './cluster.ts'

/** Kills a task's first process as a crash would, past its engine. @throws if the process is no longer that task's */
export async function killTask(task: Task): Promise<void> {
  const { remote, name } = task.node.host
  const script = sh`grep -q -F -e ${task.containerId} ${[`/proc/${task.pid}/cgroup`, `/proc/${task.pid}/mountinfo`]} && kill -KILL ${task.pid}`
  const { exitCode, stderr } = await remote.exec(script)
  if (exitCode === 0) return
  throw new SwarmproofError({
    code: 'TASK_GONE',
    what: `process ${task.pid} is not task ${task.id} any more and was left alone`,
    host: name,
    observed: stderr.trim().slice(-300),
  })
}
