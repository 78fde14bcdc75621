import type { Instance } from './instance.js'
import type { View } from './views.js'

/** How two instances are linked, both directions taken together. */
export type LinkState = 'up' | 'opening' | 'broken'

export interface LinkBetween {
  readonly from: string
  readonly to: string
  readonly state: LinkState
  /** Of the instance that shows the page: known at once. What others say of each other is asked for now and then. */
  readonly own: boolean
}

export function linkStateOf({ status, link }: Instance): LinkState {
  if (status === 'suspect') return 'broken'
  return status === 'alive' && link?.connected === true ? 'up' : 'opening'
}

const severity: Readonly<Record<LinkState, number>> = { up: 0, opening: 1, broken: 2 }

/** Links between instances, one for each pair of which one has a view on the other; of two views the worse counts. */
export function linksBetween(instances: readonly Instance[], views: readonly View[]): readonly LinkBetween[] {
  const local = instances.find((instance) => instance.local)
  const here = new Set(instances.map(({ id }) => id))
  const links = new Map<string, LinkBetween>()
  const note = (from: string, to: string, state: LinkState): void => {
    if (!here.has(from) || !here.has(to) || from === to) return
    const key = [from, to].toSorted().join(' ')
    const known = links.get(key)
    if (!known || severity[state] > severity[known.state]) links.set(key, { from, to, state, own: from === local?.id || to === local?.id })
  }
  if (local) for (const instance of instances) note(local.id, instance.id, linkStateOf(instance))
  for (const { id, sees } of views) {
    if (id !== local?.id) for (const sight of sees) note(id, sight.id, sight.status === 'suspect' ? 'broken' : sight.status === 'alive' ? 'up' : 'opening')
  }
  return [...links.values()]
}
