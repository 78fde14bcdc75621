import type { Cluster } from './cluster.js'

const signals = ['SIGTERM', 'SIGINT'] as const

/**
 * Leaves the cluster when the process is asked to end. A process ends by a signal only while nobody listens for it: when ours was
 * the only listener, the signal is raised again once the cluster has been left.
 */
export function leaveOnSignals(cluster: Pick<Cluster, 'close' | 'closed'>): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    const onlyOurs = process.listenerCount(signal) === 1
    void cluster.close().then(() => {
      if (onlyOurs) process.kill(process.pid, signal)
    })
  }
  for (const signal of signals) process.on(signal, onSignal)
  void cluster.closed.then(() => {
    for (const signal of signals) process.off(signal, onSignal)
  })
}
