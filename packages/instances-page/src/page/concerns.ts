import { since, span } from './durations.js'
import { type Happening, inWords } from './happening.js'
import type { Instance } from './instance.js'
import { reasonOf } from './columns.js'
import type { Snapshot } from './snapshot.js'
import type { Sign } from './status-signs.js'
import type { View } from './views.js'

/** Something that an operator should look at. */
export interface Concern {
  readonly key: string
  readonly sign: Sign
  readonly title: string
  readonly why: string
  /** The instance that it is about. */
  readonly instance: string | undefined
}

/** Time for which a departure without a goodbye is shown as a concern. */
const mournedMs = 5 * 60_000

/** Links open in a moment: one that takes longer is shown. */
const openingMs = 3000

/** The worst first. */
export function concernsOf({ instances, happenings }: Snapshot, views: readonly View[], now: number): readonly Concern[] {
  const suspects = instances.filter(({ status }) => status === 'suspect')
  const slow = instances.filter((instance) => instance.status === 'joining' && now - (instance.since?.getTime() ?? now) > openingMs)
  return [...registry(happenings, now), ...suspects.map((instance) => troubled(instance, now)), ...elsewhere(instances, views), ...gone(happenings, instances, now), ...slow.map((instance) => troubled(instance, now)), ...odd(instances)]
}

function troubled(instance: Instance, now: number): Concern {
  const { id, address, status, link } = instance
  const tries = link && !link.connected && link.retryCount > 0 ? ` Dialled ${link.retryCount} ×${link.retryTime !== undefined && link.retryTime > now ? `, next in ${span(link.retryTime - now + 999)}` : ''}.` : ''
  return { key: id, sign: status, instance: id, title: `${address} is ${status}${instance.since ? ` for ${since(instance.since, now)}` : ''}`, why: `${sentence(reasonOf(instance) || (status === 'joining' ? 'its link is not up yet' : 'no reason known'))}${tries}` }
}

/** Instances that others find suspect, and this one does not. */
function elsewhere(instances: readonly Instance[], views: readonly View[]): Concern[] {
  const well = new Map(instances.filter(({ status }) => status === 'alive' || status === 'self').map((instance) => [instance.id, instance]))
  return views.filter(({ id }) => well.get(id)?.status === 'alive').flatMap(({ id, address, sees }) =>
    sees.filter((sight) => sight.status === 'suspect' && well.has(sight.id)).map((sight) => ({
      key: `${id} ${sight.id}`,
      sign: 'suspect' as const,
      instance: id,
      title: `${address} finds ${well.get(sight.id)?.local ? 'this instance' : sight.address} suspect`,
      why: sentence(sight.reason ?? 'no reason known'),
    })),
  )
}

/** Well, with a remark: such as that its record is missing. */
function odd(instances: readonly Instance[]): Concern[] {
  return instances.flatMap(({ id, address, status, reason }) => ((status === 'alive' || status === 'self') && reason !== undefined ? [{ key: id, sign: status, instance: id, title: `${address} is alive, but`, why: sentence(reason) }] : []))
}

/** Instances that are gone without a goodbye, and are not back. */
function gone(happenings: readonly Happening[], instances: readonly Instance[], now: number): Concern[] {
  return happenings.filter(({ type, reason, at, instance }) => type === 'left' && reason !== 'closed' && now - at.getTime() < mournedMs && !instances.some(({ id }) => id === instance)).map((happening) => ({
    key: `left ${happening.number}`,
    sign: 'left',
    instance: undefined,
    title: `${happening.address ?? happening.instance ?? 'An instance'} left ${since(happening.at, now)} ago`,
    why: sentence(inWords(happening).replace(/^.*? left: /, '')),
  }))
}

function registry(happenings: readonly Happening[], now: number): Concern[] {
  const last = happenings.find(({ type }) => type === 'registryLost' || type === 'registryRestored')
  if (last?.type !== 'registryLost') return []
  return [{ key: 'registry', sign: 'suspect', instance: undefined, title: `MongoDB does not answer for ${since(last.at, now)}`, why: 'Who is linked stays; nobody is declared gone meanwhile, and nobody new is seen.' }]
}

function sentence(words: string): string {
  return /[.!?]$/.test(words) ? words : `${words}.`
}
