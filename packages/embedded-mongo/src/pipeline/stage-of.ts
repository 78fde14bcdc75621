import { isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import type { Value } from '../bson/value.js'

/** The stage and what it is given. @throws MongoError 40323 for what is no stage. */
export const stageOf = (stage: Value): [string, Value] => {
  if (!isDoc(stage)) throw new MongoError('TypeMismatch', 'Each element of the \'pipeline\' array must be an object')
  const [name, ...more] = Object.keys(stage)
  if (name === undefined || more.length > 0) throw new MongoError(40323, 'A pipeline stage specification object must contain exactly one field.')
  return [name, stage[name]]
}

/** Stages that write. */
export const isOutput = (name: string): boolean => name === '$out' || name === '$merge'
