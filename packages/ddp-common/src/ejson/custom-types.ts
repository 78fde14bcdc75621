import { EJSONError } from './ejson-error.js'
import { Decimal, ObjectId } from './mongo-types.js'

/** Interface of a class that EJSON writes as `{"$type": typeName(), "$value": toJSONValue()}`. */
export interface CustomType {
  /** The name that `addType` was told. */
  typeName(): string
  /** The value as plain JSON: it is written as it is, so a Date in it has to be converted with `EJSON.toJSONValue`. */
  toJSONValue(): unknown
  /** An independent copy. Without it `EJSON.clone` goes by way of `toJSONValue` and the factory. */
  clone?(): unknown
  /** Without it `EJSON.equals` compares what `toJSONValue` gives. */
  equals?(other: unknown): boolean
}

/** Makes an instance from what `toJSONValue` gave. It sees what a peer sent, so it has to check it, and may throw. */
export type CustomTypeFactory = (value: unknown) => unknown

const factories = new Map<string, CustomTypeFactory>()

/** The types that Meteor's mongo package brings: known from the start, until `addType` puts a driver's own class in their place. */
const builtIn = new Map<string, CustomTypeFactory>([
  ['oid', (value) => new ObjectId(value as string)],
  ['Decimal', (value) => new Decimal(value as string)],
])

/**
 * Makes a type known to this process, for both directions. `oid` and `Decimal` are known already and may be replaced once.
 * Throws an `EJSONError` `type-exists` for a name that is taken.
 */
export function addType(name: string, factory: CustomTypeFactory): void {
  if (factories.has(name)) throw new EJSONError('type-exists', `The EJSON type ${name} exists already`)
  factories.set(name, factory)
}

/** Whether `value` has the methods of a custom type, under a name that is known. */
export function isCustomType(value: unknown): value is CustomType {
  if (typeof value !== 'object' || value === null) return false
  const { typeName, toJSONValue } = value as Partial<CustomType>
  if (typeof typeName !== 'function' || typeof toJSONValue !== 'function') return false
  const name = (value as CustomType).typeName()
  return factories.has(name) || builtIn.has(name)
}

/** The instance that a `$type` and a `$value` stand for. */
export function makeCustomType(name: string, value: unknown): unknown {
  const factory = factories.get(name) ?? builtIn.get(name)
  if (!factory) throw new EJSONError('unknown-type', `The EJSON type ${JSON.stringify(name.slice(0, 100))} is not known here; EJSON.addType() makes it known`)
  try {
    return factory(value)
  } catch (cause) {
    if (cause instanceof EJSONError) throw cause
    throw new EJSONError('invalid-value', `The factory of the EJSON type ${name} did not accept its $value`, { cause })
  }
}
