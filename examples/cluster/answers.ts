import type { InstancesView } from '@ddp-cluster/instances-api'
import type { LoginHeaders } from './demo-user.js'
import type { InstanceProcess } from './instance-process.js'

/** What an instance answered to `GET instances.get`, or why it did not. */
export type Fetched = { readonly answer: InstancesView } | { readonly problem: string }

/** Nobody is waited for longer than this. */
const answerTimeoutMs = 2000

export async function fetchAnswer(instance: InstanceProcess, headers: LoginHeaders): Promise<Fetched> {
  try {
    const response = await fetch(instance.url, { headers: { ...headers }, signal: AbortSignal.timeout(answerTimeoutMs) })
    if (response.status !== 200) return { problem: `answered ${response.status}` }
    return { answer: (await response.json()) as InstancesView }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** The links that are not as they should be among these instances, each in words; none when everyone is linked to everyone. */
export function missingLinks(instances: readonly InstanceProcess[], fetched: readonly Fetched[]): string[] {
  return instances.flatMap((instance, index) => {
    const got = fetched[index]
    if (!got || 'problem' in got) return [`${instance.id} (${instance.address}): ${got?.problem ?? 'was not asked'}`]
    return instances.filter((peer) => peer !== instance).flatMap((peer) => {
      const link = got.answer.instances.connections.find((connection) => connection.instanceRecord._id === peer.id)
      if (link?.currentStatus.connected && link.broadcastAuth) return []
      const why = link ? `${link.currentStatus.status}, ${link.currentStatus.reason ?? 'no reason known'}` : 'not seen yet'
      return [`${instance.id} -> ${peer.id} (${peer.address}): ${why}`]
    })
  })
}
