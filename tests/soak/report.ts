import { escapeXml } from '../charts/colours.js'
import { type Line, lineChart } from '../charts/line-chart.js'
import type { Finding, Verdict } from './judge.js'
import type { Course, Look } from './samples.js'
import type { Weight } from './weigh.js'

const inMiB = (bytes: number): number => bytes / 1_048_576
const minutes = ({ atMs }: Look): number => atMs / 60_000
const sizes = new Set(['heap', 'outside the heap', 'rss'])

/** A page that needs nothing else, with the verdict, a chart of each thing that was sampled, and all figures that were judged. */
export function report({ plan, looks }: Course, { judgedFromMs, findings, violations }: Verdict): string {
  const last = looks.at(-1)
  const total = (of: 'emitted' | 'heard' | 'lost' | 'calls' | 'failedCalls'): string => (last?.members.reduce((sum, member) => sum + member[of], 0) ?? 0).toLocaleString('en')
  const chart = (title: string, yUnit: string, lines: readonly Line[]): string => `<figure>${lineChart({ title, lines, xUnit: 'min', yUnit, shadedUntil: judgedFromMs / 60_000 })}</figure>`
  const shareOfCore = everyProcess(looks, ({ cpuMs }) => cpuMs).map(({ name, points }) => ({ name, points: rate(points, 60_000).map(([x, y]) => [x, y * 100] as const) }))
  const whole = last ? processes(last).reduce((sum, [, { cpuMs }]) => sum + cpuMs, 0) / last.atMs : 0
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Soak of ${escapeXml(plan.startedAt)}</title>
<style>
body { max-width: 920px; margin: 2rem auto; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8885 } th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left }
figure { margin: 1.5rem 0 } .bad { color: #cf222e; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #e6edf3; background: #0d1117 } .bad { color: #ff7b72 } }
</style></head><body>
<h1>Soak: ${violations.length === 0 ? 'nothing was violated' : `<span class="bad">${violations.length} violated</span>`}</h1>
<p>${plan.instances} instances, ${plan.perSecond.toLocaleString('en')} events a second together, ${((last?.atMs ?? 0) / 60_000).toFixed(1)} of ${(plan.forMs / 60_000).toFixed(1)} minutes, begun ${escapeXml(plan.startedAt)}, Node.js ${escapeXml(plan.node)}.
${total('emitted')} events emitted, heard ${total('heard')} times (by the sender too), ${total('lost')} lost; ${total('calls')} calls, ${total('failedCalls')} failed; ${(last?.answers ?? 0).toLocaleString('en')} answers of instances.get.
All processes together took ${(whole * 100).toFixed()} % of a core, their start included. The shaded part is not judged.</p>
${violations.length === 0 ? '' : `<ul>${violations.map((words) => `<li class="bad">${escapeXml(words)}</li>`).join('')}</ul>`}
${chart('Heap after a collection', 'MiB', everyProcess(looks, ({ heapBytes }) => inMiB(heapBytes)))}
${chart('Outside the heap', 'MiB', everyProcess(looks, ({ externalBytes }) => inMiB(externalBytes)))}
${chart('Resident set', 'MiB', everyProcess(looks, ({ rssBytes }) => inMiB(rssBytes)))}
${chart('Open file descriptors', '', everyProcess(looks, ({ descriptors }) => descriptors))}
${chart('Active resources of all instances, by kind', '', kindsOf(looks))}
${chart('Events heard a second', '', everyMember(looks))}
${chart('Processor time, of one core', '%', shareOfCore)}
<h2>What was judged</h2>
<table><tr><th>process</th><th>what</th><th>first tenth</th><th>last tenth</th><th>at most</th><th>an hour</th><th></th></tr>
${findings.map(row).join('\n')}
</table></body></html>
`
}

function row({ process, what, from, to, atMost, perHour, kept }: Finding): string {
  const show = (value: number): string => (sizes.has(what) ? `${inMiB(value).toFixed(2)} MiB` : value.toFixed(1))
  const cells = [process, what, ...[from, to, atMost].map(show), `${perHour < 0 ? '' : '+'}${show(perHour)}`].map((cell) => `<td>${escapeXml(cell)}</td>`)
  return `<tr>${cells.join('')}<td>${kept ? '' : '<span class="bad">violated</span>'}</td></tr>`
}

function processes({ members, mongo }: Look): (readonly [name: string, weight: Weight])[] {
  return [...members.map((member, index) => [`instance ${index + 1}`, member] as const), ...(mongo ? [['MongoDB', mongo] as const] : [])]
}

function everyProcess(looks: readonly Look[], amount: (weight: Weight) => number): Line[] {
  const names = looks[0] ? processes(looks[0]).map(([name]) => name) : []
  return names.map((name, index) => ({ name, points: looks.flatMap((look) => {
    const weight = processes(look)[index]?.[1]
    return weight ? [[minutes(look), amount(weight)] as const] : []
  }) }))
}

function everyMember(looks: readonly Look[]): Line[] {
  return (looks[0]?.members ?? []).map((_, index) => ({ name: `instance ${index + 1}`, points: rate(looks.map((look) => [minutes(look), look.members[index]?.heard ?? 0] as const), 60) }))
}

function kindsOf(looks: readonly Look[]): Line[] {
  const kinds = new Set(looks.flatMap(({ members }) => members.flatMap(({ resources }) => Object.keys(resources))))
  return [...kinds].toSorted().map((name) => ({ name, points: looks.map((look) => [minutes(look), look.members.reduce((sum, { resources }) => sum + (resources[name] ?? 0), 0)] as const) }))
}

/** How much y grew from one point to the next, for each of so many parts of an x. */
function rate(points: Line['points'], parts: number): Line['points'] {
  return points.slice(1).map(([x, y], index) => {
    const [previousX, previousY] = points[index] ?? [0, 0]
    return [x, (y - previousY) / (x - previousX) / parts] as const
  })
}
