import { type BsonMeaning, readBson } from './bson.js'
import { isCustomType, makeCustomType } from './custom-types.js'
import { maxNesting, noBsonType, tooDeep } from './ejson-error.js'
import { isPlainObject, setOwn } from './own-property.js'

/**
 * A copy of a value as a reader of its EJSON gets it: what `EJSON.parse(EJSON.stringify(value))` gives, at a quarter of the cost. Only for values in
 * which `lossIn` finds nothing. Throws an `EJSONError` `too-deep`, and what the factory of a custom type throws.
 */
export function asReceived(value: unknown): unknown {
  return receive(value, 0)
}

function receive(value: unknown, depth: number): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxNesting) throw tooDeep()
  if (Array.isArray(value)) return value.map((item) => receive(item, depth + 1))
  if (isPlainObject(value)) return isCustomType(value) ? receiveCustom(value.typeName(), value.toJSONValue()) : receiveFields(value, depth)
  if (value instanceof Date) return new Date(value.getTime())
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (value instanceof RegExp) return new RegExp(value.source, value.flags)
  if (isCustomType(value)) return receiveCustom(value.typeName(), value.toJSONValue())
  const bson = readBson(value)
  return bson ? receiveBson(bson) : receiveFields(value as Record<string, unknown>, depth)
}

function receiveBson(bson: BsonMeaning): unknown {
  switch (bson.kind) {
    case 'oid':
    case 'Decimal': return makeCustomType(bson.kind, bson.text)
    case 'bytes': return new Uint8Array(bson.bytes)
    case 'number': return bson.number === 0 ? 0 : bson.number
    case 'none': throw noBsonType(bson.name)
  }
}

function receiveFields(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  const received: Record<string, unknown> = {}
  for (const key in fields) {
    const field = fields[key]
    if (field !== undefined) setOwn(received, key, typeof field === 'string' ? field : receive(field, depth + 1))
  }
  return received
}

/** Its content is plain JSON, which a custom type may still hold. */
function receiveCustom(name: string, content: unknown): unknown {
  return makeCustomType(name, typeof content === 'object' && content !== null ? JSON.parse(JSON.stringify(content)) : content)
}
