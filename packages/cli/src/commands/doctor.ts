import { hostname } from 'node:os'
import { type Finding, type Severity } from '../doctor/catalogue.js'
import { examineInstance } from '../doctor/examine-instance.js'
import { examineRegistry } from '../doctor/examine-registry.js'
import { exitCodes } from '../exit-codes.js'
import type { InstancePlace, MongoPlace } from '../places.js'
import { line, span, type Style } from '../text/line.js'
import { wrap } from '../text/wrap.js'
import type { Looking, View } from './report.js'

export interface DoctorReport {
  /** The machine from which it was looked: what it reaches, instances may not, and the other way round. */
  readonly from: string
  readonly well: boolean
  /** Whether somebody who was to be asked gave no answer. */
  readonly unanswered: boolean
  readonly looked: readonly string[]
  /** The worst first. */
  readonly findings: readonly Finding[]
}

/** Looks at everything that it is given, once. */
export function doctor(mongo: MongoPlace | undefined, instance: InstancePlace | undefined): Looking<DoctorReport> {
  const look = async (): Promise<DoctorReport> => {
    const examinations = await Promise.all([...(mongo ? [examineRegistry(mongo)] : []), ...(instance ? [examineInstance(instance)] : [])])
    const findings = examinations.flatMap((examination) => examination.findings).sort((a, b) => ranks[a.severity] - ranks[b.severity])
    return {
      from: hostname(),
      well: findings.every(({ severity }) => severity === 'info'),
      unanswered: examinations.some(({ unanswered }) => unanswered),
      looked: examinations.flatMap(({ looked }) => looked),
      findings,
    }
  }
  return { look, close: () => Promise.resolve() }
}

const ranks: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }
const styles: Readonly<Record<Severity, Style>> = { error: 'bad', warning: 'odd', info: 'plain' }

export const doctorView: View<DoctorReport> = {
  lines: ({ from, looked, findings, well, unanswered }, columns) => [
    line(span(well ? 'all is well' : unanswered ? 'not everything could be looked at' : `${count(findings, 'error')}, ${count(findings, 'warning')}`, well ? 'good' : 'bad'), ` as seen from ${from}`),
    ...looked.flatMap((sentence) => wrap(`- ${sentence}`, columns, { indent: 2, style: 'dim' })),
    ...findings.flatMap(({ severity, code, what, why, todo }) => [
      line(),
      line(span(severity.toUpperCase(), styles[severity]), ' ', span(code, 'bold')),
      ...[what, why, `What to do: ${todo}`].flatMap((text) => wrap(text, columns - 2, { indent: 2 }).map((parts, index) => (index === 0 ? [span('  '), ...parts] : parts))),
    ]),
  ],
  rows: ({ findings }) => [
    ['severity', 'code', 'what', 'why', 'what to do', 'instances'],
    ...findings.map(({ severity, code, what, why, todo, instances }) => [severity, code, what, why, todo, instances.join(' ')]),
  ],
  remarks: ({ from, looked }) => [`as seen from ${from}`, ...looked],
  gist: ({ findings }) => findings.map(({ code, instances }) => [code, instances]),
  exitCode: ({ well, unanswered }) => (unanswered ? exitCodes.unavailable : well ? exitCodes.well : exitCodes.faults),
}

function count(findings: readonly Finding[], severity: Severity): string {
  const many = findings.filter((finding) => finding.severity === severity).length
  return `${many} ${severity}${many === 1 ? '' : 's'}`
}
