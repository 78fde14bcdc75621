import type { ClusterStatistics } from '@ddp-cluster/instance-status'
import type { LinkShape, LogShape } from './shapes.js'

/** The cluster as one instance sees it. Over HTTP dates are ISO strings. */
export interface InstanceView {
  /** Name of the application. */
  readonly name: string
  /** Process id on its host. */
  readonly pid: number
  /** Advertised address, `host:port`. */
  readonly address: string
  /** View of the instance on itself. */
  readonly self: {
    readonly registry: 'reachable' | 'lost'
    readonly unreachableBy: readonly { readonly id: string; readonly reason: string }[]
    readonly heartbeatAgeMs: number
  } & Pick<ClusterStatistics, 'log' | 'events' | 'bytes'>
  /** View on each other member. */
  readonly members: readonly {
    readonly id: string
    readonly address: string
    readonly status: 'joining' | 'alive' | 'suspect'
    readonly reason?: string
    readonly since: Date
    readonly link?: LinkShape
    readonly log?: LogShape
  }[]
}

/** Longer texts are cut: a reason is for people. */
const longestText = 500

/** No cluster has more members. */
const mostMembers = 1000

class NoView extends Error {}

/** View of another instance, reduced to the documented fields with the documented types. Undefined for anything else. */
export function toInstanceView(value: unknown): InstanceView | undefined {
  try {
    return view(fieldsOf(value))
  } catch (error) {
    if (error instanceof NoView) return undefined
    throw error
  }
}

/** A text of another instance, not longer than is sensible. */
export const shortened = (value: string): string => value.slice(0, longestText)

type Fields = Readonly<Record<string, unknown>>

function view(said: Fields): InstanceView {
  const self = fieldsOf(said['self'])
  return {
    name: text(said['name']),
    pid: number(said['pid']),
    address: text(said['address']),
    self: {
      registry: oneOf(self['registry'], ['reachable', 'lost']),
      unreachableBy: list(self['unreachableBy'], (by) => ({ id: text(by['id']), reason: text(by['reason']) })),
      heartbeatAgeMs: number(self['heartbeatAgeMs']),
      log: numbers(self['log'], ['head', 'entries', 'bytes']),
      events: numbers(self['events'], ['emitted', 'received', 'replayed', 'lost']),
      bytes: numbers(self['bytes'], ['sent', 'received']),
    },
    members: list(said['members'], (member) => ({
      id: text(member['id']),
      address: text(member['address']),
      status: oneOf(member['status'], ['joining', 'alive', 'suspect']),
      ...optional('reason', member, text),
      since: date(member['since']),
      ...optional('link', member, link),
      ...optional('log', member, log),
    })),
  }
}

function link(value: unknown): LinkShape {
  const said = fieldsOf(value)
  return {
    status: text(said['status']),
    connected: oneOf(said['connected'], [true, false]),
    retryCount: number(said['retryCount']),
    ...optional('retryTime', said, number),
    ...optional('reason', said, text),
    authorized: oneOf(said['authorized'], [true, false]),
    ...optional('lastError', said, text),
    ...optional('roundTripMs', said, number),
  }
}

const log = (value: unknown): LogShape => numbers(value, ['sent', 'unsent', 'received', 'lost'])

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new NoView()
  return value as Fields
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new NoView()
  return shortened(value)
}

function number(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new NoView()
  return value
}

function date(value: unknown): Date {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw new NoView()
  return value
}

function oneOf<const T>(value: unknown, known: readonly T[]): T {
  const found = known.find((one) => one === value)
  if (found === undefined) throw new NoView()
  return found
}

function list<T>(value: unknown, read: (item: Fields) => T): T[] {
  if (!Array.isArray(value) || value.length > mostMembers) throw new NoView()
  return value.map((item) => read(fieldsOf(item)))
}

function numbers<K extends string>(value: unknown, keys: readonly K[]): Record<K, number> {
  const said = fieldsOf(value)
  return Object.fromEntries(keys.map((key) => [key, number(said[key])])) as Record<K, number>
}

function optional<K extends string, T>(key: K, said: Fields, read: (value: unknown) => T): { readonly [P in K]?: T } {
  return said[key] === undefined ? {} : ({ [key]: read(said[key]) } as { readonly [P in K]?: T })
}
