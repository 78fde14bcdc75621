import { isDoc, isTruthy, setField, typeOf } from '../bson/value.js'
import { MongoError } from '../mongo-error.js'
import { print } from '../bson/print.js'
import { convert } from './convert.js'
import { checkVariableName } from './field-path.js'
import type { Doc, Value } from '../bson/value.js'
import type { Compile } from './field-path.js'
import type { Evaluate, Names, Scope } from './scope.js'

const specials = new Set(['$literal', '$const', '$and', '$or', '$cond', '$ifNull', '$convert', '$switch', '$let', '$map', '$filter', '$reduce'])

export const isSpecial = (operator: string): boolean => specials.has(operator)

/** Operators that do not evaluate all of their arguments first: conditions, and those that bring variables. */
export const specialOperator = (operator: string, operand: Value, names: Names, compile: Compile): Evaluate | undefined => {
  switch (operator) {
    case '$literal': case '$const': return () => operand
    case '$and': {
      const all = argumentsOf(operand).map((argument) => compile(argument, names))
      return (scope) => all.every((evaluate) => isTruthy(evaluate(scope)))
    }
    case '$or': {
      const any = argumentsOf(operand).map((argument) => compile(argument, names))
      return (scope) => any.some((evaluate) => isTruthy(evaluate(scope)))
    }
    case '$cond': return condition(operand, names, compile)
    case '$ifNull': {
      const args = argumentsOf(operand)
      if (args.length !== 2) throw wrongCount('$ifNull', '2', args.length)
      const [value, otherwise] = [compile(args[0], names), compile(args[1], names)]
      return (scope) => value(scope) ?? otherwise(scope)
    }
    case '$convert': return convert(operand, names, compile)
    case '$switch': return choice(operand, names, compile)
    case '$let': return letIn(operand, names, compile)
    case '$map': return map(operand, names, compile)
    case '$filter': return filter(operand, names, compile)
    case '$reduce': return reduce(operand, names, compile)
    default: return undefined
  }
}

export const argumentsOf = (operand: Value): readonly Value[] => (Array.isArray(operand) ? operand : [operand])

export const wrongCount = (operator: string, takes: string, given: number): MongoError =>
  new MongoError(16020, `Expression ${operator} takes exactly ${takes} arguments. ${given} were passed in.`)

/** The named arguments of an operator, checked for unknown and missing ones. */
const named = (
  operand: Value, codes: { object: () => MongoError, unknown: (name: string) => MongoError, missing: (name: string) => MongoError },
  required: readonly string[], optional: readonly string[] = [],
): Doc => {
  if (!isDoc(operand)) throw codes.object()
  for (const name of Object.keys(operand)) if (!required.includes(name) && !optional.includes(name)) throw codes.unknown(name)
  for (const name of required) if (!Object.hasOwn(operand, name)) throw codes.missing(name)
  return operand
}

const condition = (operand: Value, names: Names, compile: Compile): Evaluate => {
  let parts: readonly Value[]
  if (isDoc(operand)) {
    const args = named(operand, {
      object: () => wrongCount('$cond', '3', 1),
      unknown: (name) => new MongoError(17083, `Unrecognized parameter to $cond: ${name}`),
      missing: (name) => new MongoError(name === 'if' ? 17080 : name === 'then' ? 17081 : 17082, `Missing '${name}' parameter to $cond`),
    }, ['if', 'then', 'else'])
    parts = [args['if'], args['then'], args['else']]
  } else {
    parts = argumentsOf(operand)
    if (parts.length !== 3) throw wrongCount('$cond', '3', parts.length)
  }
  const [test, then, otherwise] = [compile(parts[0], names), compile(parts[1], names), compile(parts[2], names)]
  return (scope) => (isTruthy(test(scope)) ? then(scope) : otherwise(scope))
}

const choice = (operand: Value, names: Names, compile: Compile): Evaluate => {
  if (!isDoc(operand)) throw new MongoError(40060, `$switch requires an object as an argument, found: ${typeOf(operand)}`)
  for (const name of Object.keys(operand)) {
    if (name !== 'branches' && name !== 'default') throw new MongoError(40067, `$switch found an unknown argument: ${name}`)
  }
  const { branches } = operand
  if (branches !== undefined && !Array.isArray(branches)) throw new MongoError(40061, `$switch expected an array for 'branches', found: ${typeOf(branches)}`)
  if (!branches || branches.length === 0) throw new MongoError(40068, '$switch requires at least one branch.')
  const compiled = branches.map((branch): [Evaluate, Evaluate] => {
    if (!isDoc(branch)) throw new MongoError(40062, `$switch expected each branch to be an object, found: ${typeOf(branch)}`)
    for (const name of Object.keys(branch)) {
      if (name !== 'case' && name !== 'then') throw new MongoError(40063, `$switch found an unknown argument to a branch: ${name}`)
    }
    if (!Object.hasOwn(branch, 'case')) throw new MongoError(40064, '$switch requires each branch have a \'case\' expression')
    if (!Object.hasOwn(branch, 'then')) throw new MongoError(40065, '$switch requires each branch have a \'then\' expression.')
    return [compile(branch['case'], names), compile(branch['then'], names)]
  })
  const otherwise = Object.hasOwn(operand, 'default') ? compile(operand['default'], names) : undefined
  return (scope) => {
    for (const [test, then] of compiled) if (isTruthy(test(scope))) return then(scope)
    if (!otherwise) throw new MongoError(40066, '$switch could not find a matching branch for an input, and no default was specified.')
    return otherwise(scope)
  }
}

const letIn = (operand: Value, names: Names, compile: Compile): Evaluate => {
  const args = named(operand, {
    object: () => new MongoError(16874, '$let only supports an object as its argument'),
    unknown: (name) => new MongoError(16875, `Unrecognized parameter to $let: ${name}`),
    missing: (name) => new MongoError(name === 'vars' ? 16876 : 16877, `Missing '${name}' parameter to $let`),
  }, ['vars', 'in'])
  if (!isDoc(args['vars'])) throw new MongoError(10065, `invalid parameter: expected an object (vars)`)
  const variables = Object.entries(args['vars']).map(([name, value]): [string, Evaluate] => {
    checkVariableName(name, true)
    return [name, compile(value, names)]
  })
  const body = compile(args['in'], names.with(...variables.map(([name]) => name)))
  return (scope) => body(variables.reduce((inner: Scope, [name, value]) => inner.with(name, value(scope)), scope))
}

const arrayOf = (value: Value, refuse: (value: Value) => MongoError): Value[] | null => {
  if (value === null || value === undefined) return null
  if (!Array.isArray(value)) throw refuse(value)
  return value
}

const elementName = (as: Value): string => {
  if (as === undefined) return 'this'
  const name = typeof as === 'string' ? as : ''
  checkVariableName(name, true)
  return name
}

const map = (operand: Value, names: Names, compile: Compile): Evaluate => {
  const args = named(operand, {
    object: () => new MongoError(16878, '$map only supports an object as its argument'),
    unknown: (name) => new MongoError(16879, `Unrecognized parameter to $map: ${name}`),
    missing: (name) => new MongoError(name === 'input' ? 16880 : 16882, `Missing '${name}' parameter to $map`),
  }, ['input', 'in'], ['as'])
  const name = elementName(args['as'])
  const input = compile(args['input'], names)
  const body = compile(args['in'], names.with(name))
  return (scope) => arrayOf(input(scope), (value) => new MongoError(16883, `input to $map must be an array not ${typeOf(value)}`))
    ?.map((element) => body(scope.with(name, element)) ?? null) ?? null
}

const filter = (operand: Value, names: Names, compile: Compile): Evaluate => {
  const args = named(operand, {
    object: () => new MongoError(28646, '$filter only supports an object as its argument'),
    unknown: (name) => new MongoError(28647, `Unrecognized parameter to $filter: ${name}`),
    missing: (name) => new MongoError(name === 'input' ? 28648 : 28650, `Missing '${name}' parameter to $filter`),
  }, ['input', 'cond'], ['as'])
  const name = elementName(args['as'])
  const input = compile(args['input'], names)
  const test = compile(args['cond'], names.with(name))
  return (scope) => arrayOf(input(scope), (value) => new MongoError(28651, `input to $filter must be an array not ${typeOf(value)}`))
    ?.filter((element) => isTruthy(test(scope.with(name, element)))) ?? null
}

const reduce = (operand: Value, names: Names, compile: Compile): Evaluate => {
  const args = named(operand, {
    object: () => new MongoError(40075, `$reduce requires an object as an argument, found: ${typeOf(operand)}`),
    unknown: (name) => new MongoError(40076, `$reduce found an unknown argument: ${name}`),
    missing: (name) => new MongoError(name === 'input' ? 40077 : name === 'initialValue' ? 40078 : 40079, `$reduce requires '${name}' to be specified`),
  }, ['input', 'initialValue', 'in'])
  const input = compile(args['input'], names)
  const initial = compile(args['initialValue'], names)
  const body = compile(args['in'], names.with('this', 'value'))
  return (scope) => arrayOf(input(scope), (value) => new MongoError(40080, `$reduce requires that 'input' be an array, found: ${print(value)}`))
    ?.reduce((value: Value, element) => body(scope.with('this', element).with('value', value)), initial(scope)) ?? null
}

/** A document made of pairs. */
export const docOf = (pairs: Iterable<readonly [string, Value]>): Doc => {
  const doc: Doc = {}
  for (const [name, value] of pairs) setField(doc, name, value)
  return doc
}
