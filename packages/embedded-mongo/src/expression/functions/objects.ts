import { isDoc, setField, typeOf } from '../../bson/value.js'
import { sizeOf } from '../../bson/encode.js'
import { print } from '../../bson/print.js'
import { MongoError } from '../../mongo-error.js'
import { anyNumber, isNullish } from '../function-operator.js'
import type { Doc, Value } from '../../bson/value.js'
import type { FunctionOperator } from '../function-operator.js'

const mergeObjects = (args: readonly Value[]): Value => {
  const merged: Doc = {}
  for (const value of args) {
    if (isNullish(value)) continue
    if (!isDoc(value)) throw new MongoError(40400, `$mergeObjects requires object inputs, but input ${print(value)} is of type ${typeOf(value)}`)
    for (const [name, inner] of Object.entries(value)) setField(merged, name, inner)
  }
  return merged
}

const pairOf = (entry: Value): [string, Value] => {
  if (Array.isArray(entry)) {
    if (entry.length !== 2) throw new MongoError(40397, `$arrayToObject requires an array of size 2 arrays,found array of size: ${entry.length}`)
    if (typeof entry[0] !== 'string') throw new MongoError(40395, `$arrayToObject requires an array of key-value pairs, where the key must be of type string. Found key type: ${typeOf(entry[0])}`)
    return [entry[0], entry[1]]
  }
  if (!isDoc(entry)) throw new MongoError(40398, `Unrecognised input type format for $arrayToObject: ${typeOf(entry)}`)
  const names = Object.keys(entry)
  if (names.length !== 2) throw new MongoError(40392, `$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:${names.length}`)
  if (!('k' in entry) || !('v' in entry)) throw new MongoError(40393, '$arrayToObject requires an object with keys \'k\' and \'v\'. Missing either or both keys from: ')
  if (typeof entry['k'] !== 'string') throw new MongoError(40394, `$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: ${typeOf(entry['k'])}`)
  return [entry['k'], entry['v']]
}

export const objectFunctions: Readonly<Record<string, FunctionOperator>> = {
  $bsonSize: {
    takes: [1, 1],
    run: ([value]) => {
      if (isNullish(value)) return null
      if (!isDoc(value)) throw new MongoError(31393, `$bsonSize requires a document input, found: ${typeOf(value)}`)
      return sizeOf(value)
    },
  },
  $mergeObjects: { takes: anyNumber, run: mergeObjects },
  $objectToArray: {
    takes: [1, 1],
    run: ([value]) => {
      if (isNullish(value)) return null
      if (!isDoc(value)) throw new MongoError(40390, `$objectToArray requires a document input, found: ${typeOf(value)}`)
      return Object.entries(value).map(([k, v]) => ({ k, v }))
    },
  },
  $arrayToObject: {
    takes: [1, 1],
    run: ([value]) => {
      if (isNullish(value)) return null
      if (!Array.isArray(value)) throw new MongoError(40386, `$arrayToObject requires an array input, found: ${typeOf(value)}`)
      const doc: Doc = {}
      for (const entry of value) setField(doc, ...pairOf(entry))
      return doc
    },
  },
}
