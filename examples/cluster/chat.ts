import type { Cluster } from '@ddp-cluster/instance-status'

/** Between two remarks of one instance, more or less. */
const remarkEveryMs = 400

const remarks = ['Hello', 'Is anybody there?', 'All quiet here', 'Somebody logged in', 'Somebody logged out', 'A message came', 'It is getting busy']

/** Has an instance say something now and then, so that there is something to see. The function returned ends that. */
export function chat(cluster: Cluster): () => void {
  const room = cluster.stream<{ remark: [text: string, at: Date] }>('chat')
  room.on('remark', () => undefined)
  let timer = setTimeout(remark, remarkEveryMs)
  function remark(): void {
    try {
      say()
    } catch {
      return // It is leaving.
    }
    timer = setTimeout(remark, remarkEveryMs * 2 * Math.random())
  }
  function say(): void {
    room.emit('remark', remarks[Math.floor(Math.random() * remarks.length)] ?? '', new Date())
  }
  return () => clearTimeout(timer)
}
