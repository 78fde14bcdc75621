import type { Instance } from './instance.js'

/** How two instances are linked, both directions taken together. */
export type LinkState = 'up' | 'opening' | 'broken'

export interface LinkBetween {
  readonly from: string
  readonly to: string
  readonly state: LinkState
}

export function linkStateOf({ status, link }: Instance): LinkState {
  if (status === 'suspect') return 'broken'
  return status === 'alive' && link?.connected === true ? 'up' : 'opening'
}

/** The links of the instance that shows the page. */
export function ownLinks(instances: readonly Instance[]): readonly LinkBetween[] {
  const local = instances.find((instance) => instance.local)
  if (!local) return []
  return instances.filter((instance) => !instance.local).map((instance) => ({ from: local.id, to: instance.id, state: linkStateOf(instance) }))
}
