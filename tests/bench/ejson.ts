// EJSON beside the npm package ejson and beside JSON itself, on messages as a chat has them.
import { EJSON, parseServerMessage, stringifyMessage, type ServerMessage } from '@ddp-cluster/ddp-common'
import npmEJSON from 'ejson'
import { measure, median, ratio } from './measure.js'
import type { BenchOptions, BenchReport, BenchTarget } from './report.js'

/** A chat message as it is stored: two dates, a nested user, mentions, a few urls. */
function chatMessage(i: number): Record<string, unknown> {
  return {
    rid: `GENERAL${i % 7}`,
    msg: `Message number ${i}: the quick brown fox costs $${i} and jumps over the lazy dog`,
    ts: new Date(1_700_000_000_000 + i * 1_000),
    u: { _id: 'rocketcat2345678x', username: 'rocket.cat', name: 'Rocket Cat' },
    urls: [{ url: 'https://example.org/page', meta: { title: 'A page' } }],
    mentions: [{ _id: 'abcdefghjkmnpqrst', username: 'someone', type: 'user' }],
    channels: [],
    md: [{ type: 'PARAGRAPH', value: [{ type: 'PLAIN_TEXT', value: 'the quick brown fox' }] }],
    _updatedAt: new Date(1_700_000_000_000 + i * 1_000),
    unread: i % 2 === 0,
    tcount: i,
  }
}

/** The same without anything that JSON does not have. */
function plainMessage(i: number): Record<string, unknown> {
  return { ...chatMessage(i), msg: `Message number ${i}: the quick brown fox jumps over the lazy dog`, ts: 1_700_000_000_000 + i, _updatedAt: 1_700_000_000_000 + i }
}

const count = 200
const each = <T>(items: readonly T[], work: (item: T) => unknown) => (): unknown => {
  let last: unknown
  for (const item of items) last = work(item)
  return last
}

export function run({ quick }: BenchOptions): Promise<BenchReport> {
  const options = quick ? { rounds: 5, roundMs: 30 } : { rounds: 15, roundMs: 100 }
  const indices = Array.from({ length: count }, (_, i) => i)
  const rows: Record<string, string | number>[] = []
  const targets: BenchTarget[] = []
  for (const [kind, make] of [['with dates', chatMessage], ['plain', plainMessage]] as const) {
    const values = indices.map(make)
    const messages = values.map((fields, i): ServerMessage => ({ msg: 'added', collection: 'messages', id: String(i), fields }))
    const texts = values.map((value) => EJSON.stringify(value))
    const lines = messages.map((message) => stringifyMessage(message))
    const contests = {
      stringify: [each(values, (value) => EJSON.stringify(value)), each(values, (value) => npmEJSON.stringify(value)), each(values, (value) => JSON.stringify(value))],
      parse: [each(texts, (text) => EJSON.parse(text)), each(texts, (text) => npmEJSON.parse(text)), each(texts, (text) => JSON.parse(text) as unknown)],
      'stringifyMessage': [each(messages, stringifyMessage), each(messages, (message) => npmEJSON.stringify(message)), each(messages, (message) => JSON.stringify(message))],
      'parseMessage': [each(lines, (line) => parseServerMessage(line)), each(lines, (line) => npmEJSON.parse(line)), each(lines, (line) => JSON.parse(line) as unknown)],
    }
    for (const [what, [ours, npm, json]] of Object.entries(contests)) {
      if (!ours || !npm || !json) continue
      const rates = measure([{ name: 'ours', batch: ours }, { name: 'npm', batch: npm }, { name: 'json', batch: json }], options)
      const of = (name: string): readonly number[] => rates.get(name) ?? []
      const perSecond = (name: string): number => median(of(name)) * count
      const overNpm = ratio(of('ours'), of('npm'))
      const overJSON = ratio(of('json'), of('ours'))
      rows.push({
        what: `${what}, ${kind}`,
        'ours/s': Math.round(perSecond('ours')), 'npm ejson/s': Math.round(perSecond('npm')), 'JSON/s': Math.round(perSecond('json')),
        'times npm ejson': Number(overNpm.toFixed(2)), 'time of JSON': Number(overJSON.toFixed(2)),
        'JSON times npm ejson': Number(ratio(of('json'), of('npm')).toFixed(2)),
      })
      if (what !== 'stringify' && what !== 'parse') continue
      targets.push({ name: `${what} of messages ${kind}, as many times as fast as npm ejson`, target: 'at least 5', value: overNpm, met: overNpm >= 5, why: 'JSON itself is only two to four times as fast as npm ejson in the same rounds' })
      if (kind === 'plain') targets.push({ name: `${what} of plain messages, time in times of JSON's`, target: 'at most 1.5', value: overJSON, met: overJSON <= 1.5 })
    }
  }
  return Promise.resolve({ rows, targets })
}
