import { EJSON } from '@ddp-cluster/ddp-common'
import oracle from 'ejson'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/** Keys that EJSON's own wrappers use, and a few that look similar. */
const wrapperKeys = ['$date', '$binary', '$escape', '$InfNaN', '$type', '$value', '$regexp', '$flags', '$', 'date']

/**
 * Names that the npm package takes for something else than keys (an object with `callee` is an array to it), or loses. They are among the
 * differences that the README of ddp-common names, and tests of their own show what we do.
 */
const excluded = new Set(['__proto__', 'callee', 'clone', 'equals', 'toJSON', 'toJSONValue', 'typeName', '$Uint8ArrayPolyfill'])

const key = fc.oneof(fc.constantFrom(...wrapperKeys), fc.string({ unit: 'binary', maxLength: 6 })).filter((name) => !excluded.has(name))
const jsonAtom = fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string({ unit: 'binary' }))
const atom = fc.oneof(
  jsonAtom,
  fc.constantFrom(Number.NaN, Infinity, -Infinity),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 20 }),
  fc.constantFrom(/a/, /[^"\\]+/giu, /(?:x|y)*$/m),
)

const valuesOf = (leaf: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value

const ejsonValue = valuesOf(atom)
const runs = { numRuns: 2_000, seed: 20_261_123 }

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}

describe('EJSON beside the npm package ejson', () => {
  it('writes the same text', () => {
    fc.assert(fc.property(ejsonValue, (value) => {
      expect(EJSON.stringify(value)).toBe(oracle.stringify(value))
    }), runs)
  })

  it('writes the same canonical and indented text', () => {
    fc.assert(fc.property(ejsonValue, fc.constantFrom({ canonical: true }, { indent: true }, { indent: 3, canonical: true }, { indent: '\t' }), (value, options) => {
      expect(EJSON.stringify(value, options)).toBe(oracle.stringify(value, options))
    }), runs)
  })

  it('makes the same JSON value', () => {
    fc.assert(fc.property(ejsonValue, (value) => {
      expect(EJSON.toJSONValue(value)).toStrictEqual(oracle.toJSONValue(value))
    }), runs)
  })

  it('reads the same value, which is the one that was written', () => {
    fc.assert(fc.property(ejsonValue, (value) => {
      const text = oracle.stringify(value)
      const read = EJSON.parse(text)
      expect(read).toStrictEqual(oracle.parse(text))
      expect(EJSON.equals(read, value)).toBe(true)
      expect(EJSON.stringify(read)).toBe(text)
    }), runs)
  })

  it('reads any JSON text the same, unless the npm package cannot or a wrapper in it is malformed', () => {
    // A malformed wrapper: its content is of a type that EJSON never writes. We leave it as it is, and then it is written escaped.
    const malformed = (value: unknown): boolean => {
      if (typeof value !== 'object' || value === null) return false
      const keys = Object.keys(value)
      const fields = value as Record<string, unknown>
      const wrong = keys.length === 1
        ? ('$date' in fields && typeof fields.$date !== 'number') || ('$InfNaN' in fields && typeof fields.$InfNaN !== 'number')
          || ('$escape' in fields && (typeof fields.$escape !== 'object' || fields.$escape === null || Array.isArray(fields.$escape)))
          || '$binary' in fields
        : keys.length === 2 && (('$type' in fields && '$value' in fields) || ('$regexp' in fields && '$flags' in fields))
      return wrong || Object.values(fields).some(malformed)
    }
    let compared = 0
    fc.assert(fc.property(valuesOf(jsonAtom), (value) => {
      if (malformed(value)) return
      compared += 1
      const text = JSON.stringify(value)
      expect(EJSON.parse(text)).toStrictEqual(oracle.parse(text))
    }), runs)
    expect(compared).toBeGreaterThan(1_000)
  })

  it('judges equality the same, and a clone equals its original', () => {
    const withoutRegExps = valuesOf(fc.oneof(jsonAtom, fc.constantFrom(Number.NaN, Infinity), fc.uint8Array({ minLength: 1, maxLength: 3 })))
    fc.assert(fc.property(withoutRegExps, withoutRegExps, fc.boolean(), (a, b, keyOrderSensitive) => {
      expect(EJSON.equals(a, b, { keyOrderSensitive })).toBe(oracle.equals(a, b, { keyOrderSensitive }))
      expect(EJSON.equals(a, EJSON.clone(a), { keyOrderSensitive })).toBe(true)
      expect(EJSON.clone(a)).toStrictEqual(oracle.clone(a))
    }), runs)
  })

  it('never changes what it is given', () => {
    fc.assert(fc.property(ejsonValue, (value) => {
      const frozen = deepFreeze(value)
      const json = deepFreeze(EJSON.toJSONValue(frozen))
      EJSON.fromJSONValue(json)
      EJSON.stringify(frozen, { canonical: true })
      EJSON.clone(frozen)
      EJSON.equals(frozen, frozen)
    }), runs)
  })

  it('does not copy plain JSON', () => {
    const plain = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, jsonAtom, fc.array(tie('value')), fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('value'))),
    })).value
    fc.assert(fc.property(plain, (value) => {
      expect(EJSON.toJSONValue(value)).toBe(value)
      expect(EJSON.fromJSONValue(value)).toBe(value)
      expect(EJSON.stringify(value)).toBe(JSON.stringify(value))
    }), runs)
  })
})

/** One test for every row of the table of differences in the README of ddp-common. */
describe('where we differ on purpose', () => {
  const differ = (ours: unknown, theirs: unknown, expectedOurs: unknown, expectedTheirs: unknown): void => {
    expect([ours, theirs]).toStrictEqual([expectedOurs, expectedTheirs])
  }
  const parsed = (text: string): [unknown, unknown] => [EJSON.parse(text), oracle.parse(text)]

  it('an invalid date stays one', () => {
    const text = oracle.stringify(new Date(Number.NaN))
    expect(EJSON.stringify(new Date(Number.NaN))).toBe(text)
    differ(...parsed(text), new Date(Number.NaN), new Date(0))
  })

  it('malformed wrappers stay what they are', () => {
    differ(...parsed('{"$date":"x"}'), { $date: 'x' }, new Date(Number.NaN))
    differ(...parsed('{"$escape":5}'), { $escape: 5 }, {})
    differ(...parsed('{"$InfNaN":"x"}'), { $InfNaN: 'x' }, Number.NaN)
  })

  it('broken base64 is an error', () => {
    expect(() => EJSON.parse('{"$binary":"AA!A"}')).toThrow('base64')
    expect(oracle.parse('{"$binary":"AA!A"}')).toBeInstanceOf(Uint8Array)
  })

  it('__proto__ and callee are keys', () => {
    const text = '{"__proto__":{"a":1},"b":{"$date":1}}'
    expect(Object.keys(EJSON.parse(text) as object)).toEqual(['__proto__', 'b'])
    expect(Object.keys(oracle.parse(text) as object)).toEqual(['b'])
    const value = { callee: 1, length: 1 }
    differ(EJSON.clone(value), oracle.clone(value), value, [undefined])
  })

  it('toJSON is used', () => {
    differ(EJSON.stringify(new URL('http://a.example')), oracle.stringify(new URL('http://a.example')), '"http://a.example/"', '{}')
  })

  it('regular expressions and dates are compared', () => {
    differ(EJSON.equals(/a/, /b/), oracle.equals(/a/, /b/), false, true)
    differ(EJSON.equals(new Date(0), {}), oracle.equals(new Date(0), {}), false, true)
    differ((EJSON.parse('{"$regexp":"a","$flags":"ds"}') as RegExp).flags, (oracle.parse('{"$regexp":"a","$flags":"ds"}') as RegExp).flags, 'ds', '')
  })

  it('depth is an error with a code', () => {
    const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as unknown
    expect(() => EJSON.clone(deep)).toThrow(expect.objectContaining({ code: 'too-deep' }) as Error)
    expect(() => oracle.clone(deep)).toThrow(RangeError)
  })
})
