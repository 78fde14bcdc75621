import { Decimal128 } from 'bson'
import { dateOf, millisecondsOf } from '../../bson/date.js'
import { double, isNumeric, toNumber, typeOf } from '../../bson/value.js'
import { MongoError } from '../../mongo-error.js'
import { calculateLoosely, decimal128Of, isDouble } from '../arithmetic.js'
import { anyNumber, isNullish } from '../function-operator.js'
import type { Value } from '../../bson/value.js'
import type { Numeric } from '../arithmetic.js'
import type { FunctionOperator } from '../function-operator.js'

const add = (args: readonly Value[]): Value => {
  let sum: Value = 0
  let date = false
  for (const value of args) {
    if (isNullish(value)) return null
    if (value instanceof Date) {
      if (date) throw new MongoError(16612, 'only one date allowed in an $add expression')
      date = true
      sum = calculateLoosely('+', sum as Numeric, BigInt(millisecondsOf(value)))
    } else if (isNumeric(value)) {
      sum = calculateLoosely('+', sum as Numeric, value)
    } else {
      throw new MongoError(16554, `$add only supports numeric or date types, not ${typeOf(value)}`)
    }
  }
  return date ? dateOf(BigInt.asIntN(64, wholeOf(sum as Numeric))) : sum
}

const subtract = ([a, b]: readonly Value[]): Value => {
  if (isNullish(a) || isNullish(b)) return null
  if (isNumeric(a) && isNumeric(b)) return calculateLoosely('-', a, b)
  if (a instanceof Date && b instanceof Date) return BigInt.asIntN(64, BigInt(millisecondsOf(a)) - BigInt(millisecondsOf(b)))
  if (a instanceof Date && isNumeric(b)) return dateOf(BigInt.asIntN(64, BigInt(millisecondsOf(a)) - wholeOf(b)))
  throw new MongoError(16556, `cant $subtract a${typeOf(b)} from a ${typeOf(a)}`)
}

/** A number of milliseconds. @throws MongoError 241 for one that no date can be moved by */
const wholeOf = (value: Numeric): bigint => {
  if (typeof value === 'bigint') return value
  const whole = Math.round(toNumber(value))
  if (!Number.isFinite(whole)) throw new MongoError('ConversionFailure', 'a date cannot be moved by a number that is not finite')
  return BigInt(whole)
}

const multiply = (args: readonly Value[]): Value => {
  let product: Value = 1
  for (const value of args) {
    if (isNullish(value)) return null
    if (!isNumeric(value)) throw new MongoError(16555, `$multiply only supports numeric types, not ${typeOf(value)}`)
    product = calculateLoosely('*', product as Numeric, value)
  }
  return product
}

const divide = ([a, b]: readonly Value[]): Value => {
  if (isNumeric(a) && isNumeric(b)) {
    if (toNumber(b) === 0) throw new MongoError(16608, 'can\'t $divide by zero')
    const quotient = toNumber(a) / toNumber(b)
    return a instanceof Decimal128 || b instanceof Decimal128 ? decimal128Of(quotient) : double(quotient)
  }
  if (isNullish(a) || isNullish(b)) return null
  throw new MongoError(16609, `$divide only supports numeric types, not ${typeOf(a)} and ${typeOf(b)}`)
}

const mod = ([a, b]: readonly Value[]): Value => {
  if (isNumeric(a) && isNumeric(b)) {
    if (toNumber(b) === 0) throw new MongoError(16610, 'can\'t $mod by zero')
    if (isDouble(a) || isDouble(b) || a instanceof Decimal128 || b instanceof Decimal128) return double(toNumber(a) % toNumber(b))
    const rest = BigInt(a as number | bigint) % BigInt(b as number | bigint)
    return typeof a === 'bigint' || typeof b === 'bigint' ? rest : Number(rest)
  }
  if (isNullish(a) || isNullish(b)) return null
  throw new MongoError(16611, `$mod only supports numeric types, not ${typeOf(a)} and ${typeOf(b)}`)
}

/** An operator of one number. Whole numbers stay as they are where `keepsWhole`. */
const ofNumber = (name: string, keepsWhole: boolean, run: (value: number) => number): FunctionOperator => ({
  takes: [1, 1],
  run: ([value]) => {
    if (isNullish(value)) return null
    if (!isNumeric(value)) throw new MongoError(28765, `${name} only supports numeric types, not ${typeOf(value)}`)
    if (keepsWhole && !isDouble(value) && !(value instanceof Decimal128)) return value
    const result = run(toNumber(value))
    return value instanceof Decimal128 ? decimal128Of(result) : double(result)
  },
})

const abs: FunctionOperator = {
  takes: [1, 1],
  run: ([value]) => {
    if (isNullish(value)) return null
    if (!isNumeric(value)) throw new MongoError(28765, `$abs only supports numeric types, not ${typeOf(value)}`)
    if (typeof value === 'bigint') return value < 0n ? -value : value
    return toNumber(value) < 0 ? calculateLoosely('*', value, -1) : value
  },
}

const rounding = (name: '$round' | '$trunc'): FunctionOperator => ({
  takes: [1, 2],
  run: ([value, places]) => {
    if (isNullish(value) || (places === null)) return null
    if (!isNumeric(value)) throw new MongoError(51081, `${name} only supports numeric types, not ${typeOf(value)}`)
    const digits = places === undefined ? 0 : isNumeric(places) ? toNumber(places) : NaN
    if (!Number.isInteger(digits)) throw new MongoError(51082, `precision argument to  ${name} must be a integral value`)
    const scaled = toNumber(value) * 10 ** digits
    const whole = name === '$trunc' ? Math.trunc(scaled) : halfToEven(scaled)
    const result = digits > 0 ? whole / 10 ** digits : whole * 10 ** -digits
    if (value instanceof Decimal128) return decimal128Of(result)
    return isDouble(value) ? double(result) : typeof value === 'bigint' ? BigInt(result) : result
  },
})

const halfToEven = (value: number): number => {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1
}

const log: FunctionOperator = {
  takes: [2, 2],
  run: ([value, base]) => {
    if (isNullish(value) || isNullish(base)) return null
    if (!isNumeric(value)) throw new MongoError(28756, `$log's argument must be numeric, not ${typeOf(value)}`)
    if (!isNumeric(base)) throw new MongoError(28757, `$log's base must be numeric, not ${typeOf(base)}`)
    if (toNumber(value) <= 0) throw new MongoError(28758, `$log's argument must be a positive number, but is ${toNumber(value)}`)
    if (toNumber(base) <= 0 || toNumber(base) === 1) throw new MongoError(28759, `$log's base must be a positive number not equal to 1, but is ${toNumber(base)}`)
    const result = Math.log(toNumber(value)) / Math.log(toNumber(base))
    return value instanceof Decimal128 || base instanceof Decimal128 ? decimal128Of(result) : double(result)
  },
}

const pow: FunctionOperator = {
  takes: [2, 2],
  run: ([base, exponent]) => {
    if (isNullish(base) || isNullish(exponent)) return null
    if (!isNumeric(base)) throw new MongoError(28762, `$pow's base must be numeric, not ${typeOf(base)}`)
    if (!isNumeric(exponent)) throw new MongoError(28763, `$pow's exponent must be numeric, not ${typeOf(exponent)}`)
    if (toNumber(base) === 0 && toNumber(exponent) < 0) throw new MongoError(28764, '$pow cannot take a base of 0 and a negative exponent')
    const result = toNumber(base) ** toNumber(exponent)
    if (isDouble(base) || isDouble(exponent) || !Number.isSafeInteger(result)) return double(result)
    return typeof base === 'bigint' || typeof exponent === 'bigint' || result !== (result | 0) ? BigInt(result) : result
  },
}

export const numberFunctions: Readonly<Record<string, FunctionOperator>> = {
  $add: { takes: anyNumber, run: add },
  $subtract: { takes: [2, 2], run: subtract },
  $multiply: { takes: anyNumber, run: multiply },
  $divide: { takes: [2, 2], run: divide },
  $mod: { takes: [2, 2], run: mod },
  $abs: abs,
  $ceil: ofNumber('$ceil', true, Math.ceil),
  $floor: ofNumber('$floor', true, Math.floor),
  $round: rounding('$round'),
  $trunc: rounding('$trunc'),
  $pow: pow,
  $exp: ofNumber('$exp', false, Math.exp),
  $sqrt: ofNumber('$sqrt', false, (value) => {
    if (value < 0) throw new MongoError(28714, '$sqrt\'s argument must be greater than or equal to 0')
    return Math.sqrt(value)
  }),
  $log: log,
  $ln: ofNumber('$ln', false, (value) => {
    if (value <= 0) throw new MongoError(28766, `$ln's argument must be a positive number, but is ${value}`)
    return Math.log(value)
  }),
  $log10: ofNumber('$log10', false, (value) => {
    if (value <= 0) throw new MongoError(28761, `$log10's argument must be a positive number, but is ${value}`)
    return Math.log10(value)
  }),
}
