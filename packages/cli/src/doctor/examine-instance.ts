import { openConnection } from '@ddp-cluster/ddp-client/internal'
import { CliError } from '../errors.js'
import { type Answer, getJson } from '../instance/get-json.js'
import { rowsOf } from '../instance/instances-get.js'
import { type Matrix, matrixOf, type Observer, withoutView } from '../instance/matrix.js'
import type { InstancePlace } from '../places.js'
import { duration } from '../text/durations.js'
import { type Finding, found } from './catalogue.js'
import type { Examination } from './examination.js'
import { clocksApartMs } from './judge-registry.js'

const patienceMs = 5000
/** Half of what is usual until a record is stale. */
const lateHeartbeatMs = 30_000

/** Asks an instance what all see of each other, and whether a WebSocket gets through to it. Rejects for mistakes of ours alone. */
export async function examineInstance(place: InstancePlace): Promise<Examination> {
  try {
    const answer = await getJson(place, '/api/v1/instances.get')
    const upgrade = await examineUpgrade(place)
    const { seen, looked } = await examineLinks(place, answer)
    const looks = [`the instance at ${place.url} answers, and ${upgrade.length === 0 ? 'a WebSocket gets through to it' : 'no WebSocket gets through to it'}`, ...looked]
    return { looked: looks, findings: [...upgrade, ...clock(place, answer), ...seen], unanswered: false }
  } catch (error) {
    return { looked: [], findings: [notAsked(error)], unanswered: true }
  }
}

async function examineUpgrade({ url }: InstancePlace): Promise<Finding[]> {
  const connection = openConnection({ url: `${url.replace(/^http/, 'ws')}/websocket`, connectTimeoutMs: patienceMs })
  const reason = await connection.opened.then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)))
  connection.close()
  await connection.closed
  return reason === undefined ? [] : [found('upgrade-dropped', `${url} answers plain HTTP, and the WebSocket upgrade to ${url}/websocket does not get through: ${reason}.`)]
}

function clock({ url }: InstancePlace, { date, askedAt }: Answer): Finding[] {
  if (date === undefined) return []
  // Its seconds are cut off.
  const ahead = date + 500 - askedAt
  return Math.abs(ahead) > clocksApartMs ? [found('clocks-apart', `The clock of the instance at ${url} (or of a proxy before it) is ${duration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} that of this machine.`)] : []
}

async function examineLinks(place: InstancePlace, answer: Answer): Promise<{ seen: Finding[]; looked: string[] }> {
  try {
    const matrix = matrixOf((await getJson(place, '/api/v1/instances.matrix')).body)
    if (!matrix) throw new CliError('not-an-instance', 'the answer is no matrix', '')
    return { seen: matrix.observers.flatMap((observer) => judgeObserver(observer, matrix)), looked: [`${matrix.observers.length} instances were asked what they see of each other`] }
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'not-an-instance') throw error
    const rows = rowsOf(answer.body) ?? []
    const down = rows.filter(({ well }) => !well).map(({ id, address, status, reason }) => found('link-down', `The link to ${id} (${address}) is ${status}: ${reason ?? 'no reason is known'}.`, [id]))
    return { seen: [found('matrix-missing', `${place.url} has no /api/v1/instances.matrix.`), ...down], looked: [`the instance that was asked shows ${rows.length} instances`] }
  }
}

function judgeObserver(observer: Observer, { observers }: Matrix): Finding[] {
  const { id, address } = observer
  const it = `${id} (${address})`
  if (!observer.ok && observer.problem === withoutView) return [found('view-missing', `${it} is a member that does not use instancesApi().`, [id])]
  // The instances that do not reach it say so.
  if (!observer.ok && observer.problem === 'suspect') return []
  if (!observer.ok) return [found('instance-silent', `${it} did not say what it sees: ${observer.problem}${observer.message === '' ? '' : `, ${observer.message}`}.`, [id])]
  const { registry, heartbeatAgeMs, unreachableBy, members } = observer
  const nameOf = (of: string): string => `${of} (${observers.find((one) => one.id === of)?.address ?? '?'})`
  return [
    ...(registry === 'lost' ? [found('registry-lost', `${it} does not reach MongoDB.`, [id])] : []),
    ...(registry !== 'lost' && heartbeatAgeMs !== undefined && heartbeatAgeMs > lateHeartbeatMs ? [found('heartbeat-late', `The last heartbeat of ${it} is ${duration(heartbeatAgeMs)} old.`, [id])] : []),
    ...unreachableBy.map((by) => found('not-dialled-back', `${it} is not reached by ${nameOf(by.id)}: ${by.reason}.`, [id, by.id])),
    // The other side already reports that it does not dial back.
    ...members.filter(({ status, reason }) => status === 'suspect' && !(reason ?? '').startsWith('not-dialled-back')).map((member) => found('link-down', `${it} suspects ${member.id} (${member.address}): ${member.reason ?? 'no reason is known'}.`, [id, member.id])),
    ...members.filter(({ lost }) => lost > 0).map((member) => found('events-lost', `${member.lost} events of ${member.id} (${member.address}) never came to ${it}.`, [id, member.id])),
  ]
}

function notAsked(error: unknown): Finding {
  if (!(error instanceof CliError)) throw error
  const refused = error.code === 'not-logged-in' || error.code === 'not-allowed'
  return found(refused ? 'instance-refused' : 'instance-unreachable', `${error.message}.`)
}
