import type { SeenRecord } from '../registry/record.js'
import { type Finding, found } from './catalogue.js'
import { type Answerer, whoAnswers } from './dial.js'

const dialsAtOnce = 16

/** Dials every instance at the address that it advertises, from here. `collection` is `database.collection`. Never rejects. */
export async function examineAddresses(records: readonly SeenRecord[], collection: string): Promise<Finding[]> {
  const findings: Finding[][] = []
  const waiting = [...records.entries()]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, record] = next
      const { _id: id, name, cluster } = record
      findings[index] = judge(record, await whoAnswers({ url: cluster.url, id, cluster: `${collection}/${name}`, protocol: cluster.protocol }))
    }
  }
  await Promise.all(Array.from({ length: dialsAtOnce }, worker))
  return findings.flat()
}

function judge({ _id: id, name, stale, heartbeatAgeMs, cluster: { url } }: SeenRecord, answerer: Answerer): Finding[] {
  const it = `${id} (${name})`
  if (stale) return answerer.kind === 'right' ? [found('stale-but-answers', `${it} answers at ${url}, and has not renewed its record for ${Math.round(heartbeatAgeMs / 1000)} s.`, [id])] : []
  switch (answerer.kind) {
    case 'right':
      return []
    case 'other':
      return [found('address-of-another', `${it} advertises ${url}, where ${answerer.id} answers, as seen from here.`, [id])]
    case 'other-cluster':
      return [found('address-of-another-cluster', `${it} advertises ${url}, where an instance of another cluster answers, as seen from here.`, [id])]
    case 'other-protocol':
      return [found('protocol-versions', `${it}: ${answerer.reason}.`, [id])]
    case 'no-instance':
      return [found('address-no-instance', `${it} advertises ${url}, where no instance answers, as seen from here: ${answerer.reason}.`, [id])]
    case 'upgrade-dropped':
      return [found('upgrade-dropped', `${it} advertises ${url}; plain HTTP gets through there, and the WebSocket upgrade does not, as seen from here: ${answerer.reason}.`, [id])]
    case 'untrusted':
      return [found('tls-untrusted', `${it} advertises ${url}, whose certificate is not trusted here: ${answerer.reason}.`, [id])]
    case 'unreachable':
      return [found('address-unreachable', `${it} advertises ${url}, which is not reached from here: ${answerer.reason}.`, [id])]
  }
}
