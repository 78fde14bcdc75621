import { describe, expect, it } from 'vitest'
import { unknownName, unknownProperty } from './unknown-name.js'

const known = ['heartbeatIntervalMs', 'allowRead', 'allowWrite', 'authenticate', 'page']

describe('unknownName', () => {
  it.each([
    ['heartbeatInterval', 'heartbeatIntervalMs'], ['allowread', 'allowRead'], ['autenticate', 'authenticate'], ['ALLOW_WRITE', 'allowWrite'], ['pgae', 'page'],
  ])('takes %s for %s', (name, meant) => {
    expect(unknownName('option of this', name, known)).toBe(`"${name}" is no option of this: did you mean "${meant}"?`)
  })

  it.each(['colour', '', 'constructor', '__proto__'])('names all that there are instead of %j', (name) => {
    expect(unknownName('option of this', name, known)).toBe(`"${name}" is no option of this: there are ${known.join(', ')}`)
  })

  it('tells little of a long name', () => {
    expect(unknownName('event', 'x'.repeat(1_000_000), known)?.length).toBeLessThan(300)
  })

  it('has nothing to say of a name that is known', () => {
    expect(known.map((name) => unknownName('option', name, known))).toEqual(known.map(() => undefined))
  })
})

describe('unknownProperty', () => {
  it('names the first property that is not known, and passes over what is undefined', () => {
    expect(unknownProperty('option', { page: true, other: undefined, pages: 1 }, known)).toContain('"pages"')
    expect(unknownProperty('option', { page: true, other: undefined }, known)).toBeUndefined()
  })

  it('leaves what is no object to others', () => {
    expect([undefined, null, 'page', 5].map((value) => unknownProperty('option', value, known))).toEqual([undefined, undefined, undefined, undefined])
  })
})
