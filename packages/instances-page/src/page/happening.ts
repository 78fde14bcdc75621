import { date, number, text } from './instance.js'
import { count } from './quantities.js'

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
export function toHappening(document: Readonly<Record<string, unknown>> & { readonly _id: unknown }): Happening | undefined {
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

/** Subject of an event: the instance by its address. */
export function subjectOf({ address, instance }: Happening): string {
  return address ?? instance ?? 'this instance'
}

/** Event as a sentence without its end. */
export function inWords(happening: Happening): string {
  const who = subjectOf(happening)
  const why = happening.reason ?? 'no reason known'
  switch (happening.type) {
    case 'joined': return `${who} joined`
    case 'suspected': return `${who} is suspect: ${why}`
    case 'recovered': return `${who} is well again`
    case 'left': return `${who} left: ${leftReason(happening.reason)}`
    case 'registryLost': return `MongoDB does not answer this instance${happening.reason === undefined ? '' : `: ${why}`}`
    case 'registryRestored': return 'MongoDB answers this instance again'
    case 'stalled': return `This instance stood still for ${happening.delayMs === undefined ? 'a while' : `${(happening.delayMs / 1000).toFixed(1)} s`}`
    case 'gap': return `This instance missed ${happening.lost === undefined ? 'some events' : count(happening.lost, 'event')} of ${who}${happening.reason === undefined ? '' : `: ${why}`}`
    case 'unreachableSelf': return `${who} does not reach this instance: ${why}`
    case 'expelled': return `${who} had declared this instance gone: ${why}`
  }
}

/** The code of a departure with what it means. */
function leftReason(code: string | undefined): string {
  if (code === undefined) return 'no reason known'
  const words = Object.hasOwn(leaving, code) ? leaving[code] : undefined
  return words === undefined ? code : `${words} (${code})`
}
