import { expect, it } from 'vitest'
import { concernsOf } from './concerns.js'
import { toInstance } from './instance.js'
import { linksBetween } from './links.js'
import { toViews } from './views.js'

const link = { status: 'connected', connected: true, authorized: true, retryCount: 0 }
const instances = [
  toInstance({ _id: 's', local: true, status: 'self', address: 's:1' }),
  ...['a', 'b', 'c'].map((id) => toInstance({ _id: id, status: 'alive', address: `${id}:1`, link })),
]
const row = (id: string, sees: Record<string, string>): object => ({ id, address: `${id}:1`, ok: true, members: Object.entries(sees).map(([other, status]) => ({ id: other, address: `${other}:1`, status, ...(status === 'suspect' && { reason: 'no sign of life' }) })) })
const drawn = (views: ReturnType<typeof toViews>): string[] => linksBetween(instances, views).map(({ from, to, state, own }) => `${from}${to} ${state}${own ? ' own' : ''}`)

it('draws one link for each two instances, the worse of what both say', () => {
  const views = toViews({ instances: [row('s', { a: 'suspect' }), row('a', { s: 'alive', b: 'alive', c: 'alive' }), row('b', { s: 'alive', a: 'suspect', c: 'joining' }), { id: 'c', ok: false, problem: 'timeout', message: 'late' }] })
  expect(drawn(views)).toEqual(['sa up own', 'sb up own', 'sc up own', 'ba broken', 'ac up', 'bc opening'])
})

it('draws those of this instance alone while nobody has been asked', () => {
  expect(drawn([])).toEqual(['sa up own', 'sb up own', 'sc up own'])
})

it('tells what others find suspect and this instance does not, this instance included', () => {
  const views = toViews({ instances: [row('a', { b: 'suspect', s: 'alive' }), row('c', { s: 'suspect', gone: 'suspect' })] })
  const concerns = concernsOf({ instances, happenings: [] }, views, 0)
  expect(concerns.map(({ title, why }) => `${title}: ${why}`)).toEqual(['a:1 finds b:1 suspect: no sign of life.', 'c:1 finds this instance suspect: no sign of life.'])
})

it.each([undefined, null, 'x', {}, { instances: 5 }, { instances: [null, 7, { id: 'a' }, { id: 'a', ok: true }, { id: 'a', ok: true, members: [null, {}] }] }])('makes nothing of what is no answer: %j', (body) => {
  expect(drawn(toViews(body))).toEqual(['sa up own', 'sb up own', 'sc up own'])
})
