import type { Cluster } from './cluster.js'

const signals = ['SIGTERM', 'SIGINT'] as const

/** The listeners of all clusters of this process: signals are the process', and each has to know which listeners are not ours. */
const ours = new WeakSet<object>()

/**
 * Leaves the cluster when the process is asked to end. A process ends by a signal only while nobody listens for it: when nobody
 * but clusters did, the last of them to leave raises it again.
 */
export function leaveOnSignals(cluster: Pick<Cluster, 'close' | 'closed'>): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    const onlyOurs = process.listeners(signal).every((listener) => ours.has(listener))
    void cluster.close().then(() => {
      if (onlyOurs && process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
  ours.add(onSignal)
  // First in line, so that a listener which the application has for one time only is still there to be seen.
  for (const signal of signals) process.prependListener(signal, onSignal)
  void cluster.closed.then(() => {
    for (const signal of signals) process.off(signal, onSignal)
  })
}
