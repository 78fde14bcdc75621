/** Texts such as a hostile client or server may send: valid messages, messages with wrong values, and torn ones. */

type Random = () => number

const pick = <T>(random: Random, ...choices: readonly [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0]

const methods = ['echo', 'later', 'become', 'crash', 'refuse', 'unblock', 'constructor', '__proto__', ''] as const
/** Ids of documents that are no strings, look like none, or are none. */
const oddIds = ['~7', '~true', '~null', '507f1f77bcf86cd799439011', '-507f1f77bcf86cd799439011', '~x', '~{}', '~', '--', '{}'] as const
const publications = ['docs', 'stops', 'fails', 'toString', ''] as const

/** An EJSON value as it stands in JSON text, some of them broken. */
function value(random: Random, depth = 0): unknown {
  if (depth < 4 && random() < 0.3) {
    const size = Math.floor(random() * 4)
    if (random() < 0.5) return Array.from({ length: size }, () => value(random, depth + 1))
    return Object.fromEntries(Array.from({ length: size }, () => [key(random), value(random, depth + 1)]))
  }
  return pick<unknown>(
    random, null, true, 0, -1, 1e308, 1e-9, '', 'text', '\u0000', '\ud800', 'ü€😀', { $date: 5 }, { $date: 'x' }, { $date: 1e300 }, { $binary: 'AAE=' }, { $binary: 7 },
    { $binary: '%%%' }, { $escape: { $date: 1 } }, { $escape: 5 }, { $InfNaN: 1 }, { $InfNaN: 'x' }, { $type: 'oid', $value: 'nope' }, { $type: 'unknown', $value: 1 },
    { $regexp: '(', $flags: 'gg' }, { $regexp: 'a+', $flags: 'i' }, { $type: 'Decimal', $value: '1.5' }, { $type: 'Decimal', $value: {} },
    { _bsontype: 'ObjectId', toString: 1 }, { _bsontype: 'Decimal128', a: {} }, { $regexp: '[\\p{L}&&\\p{Lu}]'.repeat(20), $flags: 'iv' },
    { $regexp: '\\p{L}'.repeat(15), $flags: 'u' }, { error: 'x', reason: null }, { msg: 'method', id: 'x1' },
  )
}

const key = (random: Random): string => pick(random, 'a', 'b', '$date', '$type', '_id', '__proto__', 'constructor', '', 'then', 'toJSON', 'typeName', '_bsontype', 'offendingMessage')

/** What a client may say to the server of `ddp.test.ts`. */
export function clientMessage(random: Random): Record<string, unknown> {
  const id = String(Math.floor(random() * 20))
  switch (Math.floor(random() * 8)) {
    case 0: return { msg: 'ping', ...(random() < 0.5 && { id }) }
    case 1: return { msg: 'pong' }
    case 2:
    case 3: return { msg: 'method', method: pick(random, ...methods), id, params: [value(random), value(random)] }
    case 4: return { msg: 'sub', id, name: pick(random, ...publications), params: [value(random)] }
    case 5: return { msg: 'unsub', id }
    case 6: return { msg: 'connect', version: pick(random, '1', 'pre2', 'pre1', ''), support: pick(random, ['1'], ['pre1', '1']), session: value(random), receivedCount: value(random) }
    default:
      if (random() < 0.01) return { msg: 'disconnect' }
      return { msg: pick(random, 'added', 'result', '', 'constructor', '__proto__', 'noise'), id }
  }
}

/** What a server may say: of few documents, and of methods and subscriptions that nobody asked for. */
export function serverMessage(random: Random): Record<string, unknown> {
  const id = `x${Math.floor(random() * 20)}`
  const document = { collection: pick(random, 'docs', 'ordered', '__proto__'), id: random() < 0.9 ? String(Math.floor(random() * 10)) : pick(random, ...oddIds) }
  const fields = { [key(random)]: value(random), [key(random)]: value(random) }
  const before = pick<string | null>(random, null, '0', '5', '~7', '~x', 'nobody')
  switch (Math.floor(random() * 12)) {
    case 0:
    case 1: return { msg: 'added', ...document, fields }
    case 2: return { msg: 'changed', ...document, fields, cleared: [key(random)] }
    case 3: return { msg: 'removed', ...document }
    case 4: return { msg: 'addedBefore', ...document, fields, before }
    case 5: return { msg: 'movedBefore', ...document, before }
    case 6: return { msg: 'result', id, ...(random() < 0.5 ? { result: value(random) } : { error: { error: 404, details: value(random) } }) }
    case 7: return { msg: 'updated', methods: [id] }
    case 8: return random() < 0.5 ? { msg: 'ready', subs: [id] } : { msg: 'nosub', id }
    case 9: return { msg: pick(random, 'ping', 'pong'), ...(random() < 0.5 && { id }) }
    case 10: return { msg: pick(random, 'connected', 'failed', 'error'), session: id, version: '1', reason: 'none' }
    default: return { msg: pick(random, 'method', 'connect', '', 'constructor', '__proto__', 'noise'), id }
  }
}

export function randomFrame(random: Random, message: (random: Random) => Record<string, unknown>): string {
  const whole = message(random)
  const kind = random()
  if (kind < 0.5) return JSON.stringify(whole)
  if (kind < 0.7) {
    for (const name of Object.keys(whole)) if (random() < 0.3) whole[name] = value(random)
    if (random() < 0.3) whole[key(random)] = value(random)
    return JSON.stringify(whole)
  }
  const text = JSON.stringify(whole)
  if (kind < 0.8) return text.slice(0, Math.floor(random() * text.length))
  if (kind < 0.9) return mutated(Buffer.from(text), random).toString()
  if (kind < 0.97) return JSON.stringify(value(random)) ?? 'null'
  const depth = Math.floor(random() * 3000)
  return `{"msg":"method","method":"echo","id":"1","params":[${'['.repeat(depth)}${']'.repeat(random() < 0.8 ? depth : depth >> 1)}]}`
}

/** A few bytes changed, doubled or gone. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes)
  for (let changes = 1 + Math.floor(random() * 4); changes > 0 && result.length > 0; changes -= 1) {
    const at = Math.floor(random() * result.length)
    const how = random()
    if (how < 0.5) result[at] = Math.floor(random() * 256)
    else if (how < 0.75) result = Buffer.concat([result.subarray(0, at), result.subarray(at + 1)])
    else result = Buffer.concat([result.subarray(0, at), result.subarray(Math.max(0, at - 5), at), result.subarray(at)])
  }
  return result
}
