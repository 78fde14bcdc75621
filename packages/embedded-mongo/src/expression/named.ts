import { isDoc, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { dateOperators } from './named/dates.js'
import { textOperators } from './named/texts.js'
import type { Value } from '../bson/value.js'
import type { Compile } from './field-path.js'
import type { NamedOperator } from './named-operator.js'
import type { Evaluate, Names } from './scope.js'

const operators = new Map<string, NamedOperator>(Object.entries({ ...dateOperators, ...textOperators }))

export const isNamed = (operator: string): boolean => operators.has(operator)

/** An operator whose arguments have names: `{ $trim: { input: ..., chars: ... } }`. */
export const namedOperator = (operator: string, operand: Value, names: Names, compile: Compile): Evaluate | undefined => {
  const entry = operators.get(operator)
  if (!entry) return undefined
  const { required, optional, errors, alone } = entry
  const isNamedForm = isDoc(operand) && !Object.keys(operand)[0]?.startsWith('$')
  if (!isNamedForm && alone !== undefined) {
    if (Array.isArray(operand) && operand.length !== 1) throw new MongoError(40536, `${operator} accepts exactly one argument if given an array, but was given ${operand.length}`)
    const only = compile(Array.isArray(operand) ? operand[0] : operand, names)
    return (scope) => entry.run({ [alone]: only(scope) }, new Set([alone]))
  }
  if (!isDoc(operand)) throw errors.object(typeOf(operand))
  for (const name of Object.keys(operand)) if (!Object.hasOwn(required, name) && !optional.includes(name)) throw errors.unknown(name)
  for (const [name, missing] of Object.entries(required)) if (!Object.hasOwn(operand, name)) throw missing
  const args = Object.entries(operand).map(([name, value]): [string, Evaluate] => [name, compile(value, names)])
  const given = new Set(Object.keys(operand))
  return (scope) => entry.run(Object.fromEntries(args.map(([name, evaluate]) => [name, evaluate(scope)])), given)
}
