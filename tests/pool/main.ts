// npm run pool -- [--minutes 5] [--requests 10000] [--way 'writes hang'] [--driver 'driver 7'] [--json FILE]
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Driver, drivers } from './drivers.js'
import { trial, type TrialReport, ways } from './trial.js'

const text = { type: 'string' } as const
const { values } = parseArgs({ options: { minutes: { ...text, default: '5' }, requests: { ...text, default: '10000' }, way: text, driver: text, json: text } })
const [minutes, requests] = [Number(values.minutes), Number(values.requests)]
const chosenWays = ways.filter((way) => values.way === undefined || way === values.way)
const chosenDrivers = (Object.keys(drivers) as Driver[]).filter((driver) => values.driver === undefined || driver === values.driver)
if (!(minutes > 0 && Number.isInteger(requests)) || chosenWays.length === 0 || chosenDrivers.length === 0) {
  process.stderr.write(`Usage: npm run pool -- [--minutes 5] [--requests 10000] [--way ${ways.map((way) => `'${way}'`).join('|')}] [--driver 'driver 6'|'driver 7'] [--json FILE]\n`)
  process.exit(2)
}

/** Most that the application may notice of the library. */
const mostConnections = 4
const mostSlowdown = 1.1

const reports: TrialReport[] = []
for (const way of chosenWays) {
  for (const driver of chosenDrivers) {
    const report = await trial({ driver, way, forMs: minutes * 60_000, requests })
    reports.push(report)
    const { mostOfOurs, leftBehind, findOneMs, findOneFailures, statuses, slowestAnswerMs, commands } = report
    const latency = findOneMs ? `findOne ${findOneMs.without.toFixed(2)} ms without, ${findOneMs.with.toFixed(2)} ms with, ${findOneFailures} unanswered` : 'no findOne is answered'
    process.stdout.write(`${driver}, MongoDB: ${way}: at most ${mostOfOurs} connections, ${leftBehind} left behind; ${latency}; ${JSON.stringify(statuses)}, slowest ${Math.round(slowestAnswerMs)} ms; ${commands} commands\n`)
  }
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`)
const wrong = reports.filter(({ mostOfOurs, leftBehind, findOneMs, findOneFailures }) =>
  mostOfOurs > mostConnections || leftBehind > 0 || findOneFailures > 0 || (findOneMs !== undefined && findOneMs.with > mostSlowdown * findOneMs.without),
)
for (const { driver, way } of wrong) process.stdout.write(`MISSED: ${driver}, MongoDB: ${way}\n`)
process.exitCode = wrong.length > 0 ? 1 : 0
