import { Decimal128, Double } from 'bson'

/** A finite decimal: `digits` times ten to the power `exponent`. */
export interface Decimal {
  readonly digits: bigint
  readonly exponent: number
}

type Numeric = number | bigint | Double | Decimal128

/** The finite decimal that a number is, or the infinity or NaN that it is instead. */
export const decimalOf = (value: Numeric): Decimal | number => {
  if (typeof value === 'bigint') return { digits: value, exponent: 0 }
  const text = value instanceof Decimal128 ? value.toString() : String(value instanceof Double ? value.value : value)
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match) return Number(text)
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  return { digits: BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}` || '0'), exponent: Number(exponent) - fraction.length }
}

/** Both as whole numbers of one unit, so that they can be compared and added. */
export const align = (a: Decimal, b: Decimal): { a: bigint, b: bigint, exponent: number } => {
  const exponent = Math.min(a.exponent, b.exponent)
  return { a: a.digits * 10n ** BigInt(a.exponent - exponent), b: b.digits * 10n ** BigInt(b.exponent - exponent), exponent }
}

/** More digits than this between two exponents decide a comparison by size alone. */
const spread = 80

export const compareDecimals = (left: Numeric, right: Numeric): number => {
  const a = decimalOf(left)
  const b = decimalOf(right)
  if (typeof a === 'number' || typeof b === 'number') return compareSpecial(typeof a === 'number' ? a : 0, typeof b === 'number' ? b : 0)
  if (Math.abs(a.exponent - b.exponent) > spread) return compareSpecial(Number(left.toString()), Number(right.toString()))
  const aligned = align(a, b)
  return aligned.a < aligned.b ? -1 : aligned.a > aligned.b ? 1 : 0
}

const compareSpecial = (a: number, b: number): number => {
  if (a !== a) return b !== b ? 0 : -1
  if (b !== b) return 1
  return a < b ? -1 : a > b ? 1 : 0
}
