// npm run restarts -- [--times 100]
import { parseArgs } from 'node:util'
import { restarts } from './restarts.js'

const { values } = parseArgs({ options: { times: { type: 'string', default: '100' } } })
const times = Number(values.times)
if (!Number.isInteger(times) || times < 1) {
  process.stderr.write('Usage: npm run restarts -- [--times 100]\n')
  process.exit(2)
}
const { requests, longestMs, violations } = await restarts(times, (line) => void process.stderr.write(`${line}\n`))
process.stdout.write(`${times} restarts: ${requests.answered} requests answered, ${requests.refused} while nobody listened, ${requests.cut} cut while the server stopped, ${requests.wrong.length} without an answer\n`)
process.stdout.write(`clients were as before within ${longestMs} ms of the start at the latest; ${violations.length} violations\n`)
for (const violation of violations) process.stdout.write(`  VIOLATION: ${violation}\n`)
process.exitCode = violations.length > 0 ? 1 : 0
