import { barChart } from '../charts/bar-chart.js'
import type { BenchReport, BenchTarget, WholeReport } from './report.js'

const titles: Readonly<Record<string, string>> = {
  ejson: 'EJSON, beside the npm package and JSON itself',
  ddp: 'DDP calls and idle sessions',
  mongo: 'The embedded MongoDB',
  broadcast: 'Events from one process to 1, 3 and 7 others',
  http: 'instances.get and /metrics over HTTP',
}

/** The report as a page of Markdown, with every figure that was measured. */
export function page(whole: WholeReport): string {
  const { machine, versions, benchmarks, quick, date } = whole
  const targets = benchmarks.flatMap((benchmark) => benchmark.targets)
  return [
    '# Benchmarks',
    `Made by \`npm run bench --${quick ? ' --quick' : ''} --report docs\` on ${date}: ${machine.cpu}, ${machine.cores} cores, ${machine.platform}. All that is compared took turns in one run, so that ratios can be trusted where times cannot.`,
    `Versions: ${Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    '![Events a second of each contestant with 1, 3 and 7 subscribers, in times of a WebSocket frame an event](benchmarks.svg)',
    `## Targets: ${targets.filter(({ met }) => met).length} of ${targets.length} met`,
    table(['', 'what', 'measured', 'target', 'why it is missed'], targets.map(targetRow)),
    ...benchmarks.flatMap(({ name, rows }) => [`## ${titles[name] ?? name}`, ...tables(rows)]),
  ].join('\n\n') + '\n'
}

const targetRow = ({ name, target, value, met, why }: BenchTarget): string[] => [met ? 'met' : '**missed**', name, value.toFixed(2), target, met ? '' : (why ?? 'not known')]

/** Rows of different columns stand in tables of their own. */
function tables(rows: BenchReport['rows']): string[] {
  const groups: { readonly columns: readonly string[]; readonly rows: BenchReport['rows'][number][] }[] = []
  for (const row of rows) {
    const columns = Object.keys(row)
    const last = groups.at(-1)
    if (last && last.columns.length === columns.length && columns.every((column) => last.columns.includes(column))) last.rows.push(row)
    else groups.push({ columns, rows: [row] })
  }
  return groups.map(({ columns, rows: members }) => table(columns, members.map((row) => columns.map((column) => String(row[column] ?? '')))))
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The contestants of the broadcast benchmark, in times of the plainest one. */
export function chart({ benchmarks }: WholeReport): string {
  const rows = benchmarks.find(({ name }) => name === 'broadcast')?.rows ?? []
  const numberOf = (row: BenchReport['rows'][number], column: string): number => Number(row[column] ?? 0) || 0
  const counts = [...new Set(rows.map((row) => numberOf(row, 'subscribers')))]
  const names = [...new Set(rows.map((row) => String(row['name'])))]
  return barChart({
    title: 'Events a second, in times of ws with a frame an event',
    groups: names,
    series: counts.map((count) => ({
      name: `${count} subscriber${count === 1 ? '' : 's'}`,
      values: names.map((name) => rows.filter((row) => row['name'] === name && numberOf(row, 'subscribers') === count).reduce((sum, row) => sum + numberOf(row, 'of ws'), 0)),
    })),
  })
}
