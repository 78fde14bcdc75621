import { Timestamp } from 'bson'
import { getField, isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Doc, Value } from '../bson/value.js'

/** A place in the log: after the entry of this time; `invalidate` is the event that follows a drop at the same time. */
export interface Place {
  readonly at: Timestamp
  readonly kind: 'event' | 'invalidate' | 'time'
}

const kinds = { event: '2C', invalidate: '2D', time: '29' } as const

/** `{ _data }`: hexadecimal digits, and in the order of time when compared as text, as MongoDB's are. */
export const tokenOf = ({ at, kind }: Place): Doc => ({
  _data: `82${hex(at.getHighBitsUnsigned())}${hex(at.getLowBitsUnsigned())}2B02${kinds[kind]}6E04`,
})

const hex = (number: number): string => number.toString(16).toUpperCase().padStart(8, '0')

/** @throws MongoError for what is no token. */
export const placeOf = (token: Value): Place => {
  if (!isDoc(token)) throw new MongoError('TypeMismatch', 'resume token must be an object')
  const data = getField(token, '_data')
  if (typeof data !== 'string') throw new MongoError(40647, 'Bad resume token: _data of missing or of wrong type')
  if (data.length % 2 === 1 || !/^[0-9a-fA-F]*$/.test(data)) throw new MongoError('FailedToParse', 'resume token string was not a valid hex string')
  const match = /^82(.{8})(.{8})2B02(2C|2D|29)6E04$/.exec(data)
  if (!match) throw new MongoError(40649, 'Unexpected resume token format')
  const at = new Timestamp({ t: Number.parseInt(match[1] ?? '0', 16), i: Number.parseInt(match[2] ?? '0', 16) })
  return { at, kind: match[3] === kinds.invalidate ? 'invalidate' : match[3] === kinds.event ? 'event' : 'time' }
}
