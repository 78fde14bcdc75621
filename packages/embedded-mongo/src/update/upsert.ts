import { BSONRegExp } from 'bson'
import { isDoc } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { isOperatorDoc } from '../query/operator-doc.js'
import { putAt } from './path.js'
import type { Doc, Value } from '../bson/value.js'

/** The fields that a query demands to be equal to something: what a document made by an upsert begins with. */
export const fieldsOfQuery = (query: Doc): Doc => {
  const found = new Map<string, Value>()
  collect(query, found)
  const doc: Doc = {}
  for (const path of found.keys()) {
    for (const other of found.keys()) {
      if (other !== path && other.startsWith(`${path}.`)) {
        throw new MongoError('NotSingleValueField', `cannot infer query fields to set, both paths '${path}' and '${other}' are matched`)
      }
    }
  }
  for (const [path, value] of found) putAt(doc, path.split('.'), value)
  return doc
}

const collect = (query: Doc, found: Map<string, Value>): void => {
  for (const [name, operand] of Object.entries(query)) {
    if (name === '$and' && Array.isArray(operand)) for (const clause of operand) collect(clause as Doc, found)
    else if (name === '$or' && Array.isArray(operand) && operand.length === 1) collect(operand[0] as Doc, found)
    else if (!name.startsWith('$')) note(name, operand, found)
  }
}

const note = (path: string, operand: Value, found: Map<string, Value>): void => {
  if (operand instanceof BSONRegExp) return
  if (!isOperatorDoc(operand)) return add(path, operand, found)
  if (Object.hasOwn(operand, '$eq')) add(path, operand['$eq'], found)
  const { $in: among, $all: all } = operand
  if (Array.isArray(among) && among.length === 1 && !(among[0] instanceof BSONRegExp)) add(path, among[0], found)
  if (Array.isArray(all) && all.length === 1 && !(all[0] instanceof BSONRegExp) && !(isDoc(all[0]) && isOperatorDoc(all[0]))) add(path, all[0], found)
}

const add = (path: string, value: Value, found: Map<string, Value>): void => {
  if (found.has(path)) throw new MongoError('NotSingleValueField', `cannot infer query fields to set, path '${path}' is matched twice`)
  found.set(path, value)
}
