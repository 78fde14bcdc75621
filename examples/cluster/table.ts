import type { Fetched } from './answers.js'
import type { InstanceProcess } from './instance-process.js'

/** The instances and their links, one line each, for a terminal `columns` wide. */
export function renderTable(instances: readonly InstanceProcess[], fetched: readonly Fetched[], columns: number): string {
  const rows = [['', 'INSTANCE', 'PID', 'ADDRESS', 'LINKS']]
  const numbers = new Map(instances.map((instance, index) => [instance.id, `#${index + 1}`]))
  instances.forEach((instance, index) => {
    rows.push([`#${index + 1}`, instance.id, String(instance.pid), instance.address, instance.ended() ?? links(fetched[index], numbers)])
  })
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd().slice(0, columns)).join('\n')
}

function links(fetched: Fetched | undefined, numbers: ReadonlyMap<string, string>): string {
  if (!fetched) return 'asking'
  if ('problem' in fetched) return fetched.problem
  const shown = fetched.answer.instances.connections.map(({ instanceRecord, currentStatus, broadcastAuth, address }) => {
    const name = numbers.get(instanceRecord._id) ?? address
    if (currentStatus.connected) return `${name} connected${broadcastAuth ? '' : ', not authorized'}`
    return `${name} ${currentStatus.status}${currentStatus.reason === undefined ? '' : ` (${currentStatus.reason})`}`
  })
  return shown.length > 0 ? shown.join(' · ') : 'none'
}
