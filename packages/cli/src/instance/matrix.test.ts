import { expect, it } from 'vitest'
import { type MatrixReport, matrixView } from '../commands/matrix.js'
import { textOf } from '../text/line.js'
import { matrixOf } from './matrix.js'

const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(17)) as [string, string, string]

it('reads of an answer what is there, and says of the rest that it is not known', () => {
  expect(matrixOf(null)).toBeUndefined()
  expect(matrixOf({ instances: 5 })).toBeUndefined()
  expect(matrixOf({ at: 'never', instances: [5, { ok: true }, { ok: true, self: { unreachableBy: [{}] }, members: [{}] }, { ok: false, problem: 'timeout' }] })).toEqual({
    at: undefined,
    observers: [
      { id: '?', address: '', ok: false, problem: 'unknown', message: '' },
      { id: '?', address: '', name: '', ok: true, local: false, registry: 'unknown', heartbeatAgeMs: undefined, unreachableBy: [], members: [] },
      {
        id: '?', address: '', name: '', ok: true, local: false, registry: 'unknown', heartbeatAgeMs: undefined, unreachableBy: [{ id: '?', reason: '' }],
        members: [{ id: '?', address: '', status: 'unknown', reason: undefined, since: undefined, roundTripMs: undefined, lost: 0 }],
      },
      { id: '?', address: '', ok: false, problem: 'timeout', message: '' },
    ],
  })
})

it('shows who is joining, unseen, unasked, silent, without a round trip, and without MongoDB', () => {
  const sight = (id: string, rest: object): object => ({ id, address: `10.0.0.${id[0]}:1`, status: 'alive', ...rest })
  const report: MatrixReport = { source: 'http://x', ...(matrixOf({ instances: [
    { id: one, address: '10.0.0.1:1', ok: true, self: { registry: 'lost' }, members: [sight(two, { status: 'joining' }), sight(three, { reason: 'its record is missing' })] },
    { id: two, address: '10.0.0.2:1', ok: false, problem: 'timeout' },
  ] }) ?? { at: undefined, observers: [] }) }
  const shown = matrixView.lines(report, 80).map((parts) => textOf(parts).trimEnd())
  expect(shown.join('\n')).toMatch(/^#1 +- +joining +ok$/m)
  expect(shown.join('\n')).toMatch(/^#2 +\? +- +\?$/m)
  expect(shown.join('\n')).toMatch(/^#3 +\? +\? +-$/m)
  const said = shown.map((row) => row.trim()).join(' ')
  expect(said).toContain(`${one} (10.0.0.1:1) does not reach MongoDB`)
  expect(said).toContain(`${two} (10.0.0.2:1) did not say what it sees: timeout`)
  expect(said).toContain(`${three} (10.0.0.3:1) was seen by others, and not asked`)
  expect(matrixView.exitCode(report)).toBe(1)
})
