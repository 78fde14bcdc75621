import { date, number, text } from './instance.js'

const types = ['joined', 'suspected', 'recovered', 'left', 'registryLost', 'registryRestored', 'stalled', 'gap', 'unreachableSelf', 'expelled'] as const

export type HappeningType = (typeof types)[number]

/** A document of the collection `instances.timeline`. */
export interface Happening {
  /** Grows: the later, the larger. */
  readonly number: number
  readonly at: Date
  readonly type: HappeningType
  readonly instance: string | undefined
  readonly address: string | undefined
  readonly reason: string | undefined
  readonly lost: number | undefined
  readonly delayMs: number | undefined
}

/** Makes a happening of a document, or undefined of one that is not understood here. */
export function toHappening(document: Readonly<Record<string, unknown>> & { readonly _id: string }): Happening | undefined {
  const at = date(document['at'])
  const type = types.find((known) => known === document['type'])
  if (!at || !type) return undefined
  return {
    number: Number(document._id),
    at,
    type,
    instance: text(document['instance']),
    address: text(document['address']),
    reason: text(document['reason']),
    lost: number(document['lost']),
    delayMs: number(document['delayMs']),
  }
}

const leaving: Readonly<Record<string, string>> = {
  closed: 'it said goodbye',
  refused: 'nobody listens at its address any more',
  expired: 'its record was no longer renewed and its link was lost',
  replaced: 'another instance answers at its address',
}

/** What happened, in words, without who and when. */
export function inWords({ type, reason, lost, delayMs }: Happening): string {
  switch (type) {
    case 'joined': return 'joined'
    case 'suspected': return `is suspect: ${reason ?? 'no reason known'}`
    case 'recovered': return 'is well again'
    case 'left': return `left: ${reason === undefined ? 'no reason known' : leaving[reason] ?? reason}${reason !== undefined && reason in leaving ? ` (${reason})` : ''}`
    case 'registryLost': return `MongoDB does not answer${reason === undefined ? '' : `: ${reason}`}`
    case 'registryRestored': return 'MongoDB answers again'
    case 'stalled': return `stood still for ${delayMs === undefined ? 'a while' : `${(delayMs / 1000).toFixed(1)} s`}`
    case 'gap': return `missed ${lost === undefined ? 'some' : lost} event${lost === 1 ? '' : 's'} of it${reason === undefined ? '' : `: ${reason}`}`
    case 'unreachableSelf': return `does not reach this instance: ${reason ?? 'no reason known'}`
    case 'expelled': return `had declared this instance gone: ${reason ?? 'no reason known'}`
  }
}
