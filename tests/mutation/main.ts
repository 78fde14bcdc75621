// npm run mutate [-- reducer|log|codec ...]: changes the sources in small ways, and sees whether their tests notice.
// Exit 1 when the tests of a part notice less than 85 % of what was changed in it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import workspace from '../../package.json' with { type: 'json' }
import { type Part, parts } from './parts.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

const chosen = process.argv.slice(2)
for (const name of chosen) if (!Object.hasOwn(parts, name)) stop(2, `There is no part ${name}: ${Object.keys(parts).join(', ')}`)
const names = chosen.length > 0 ? (chosen as Part[]) : (Object.keys(parts) as Part[])

run('npx', ['--yes', workspace.packageManager, 'install', '--ignore-workspace', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only', '--config.auto-install-peers=false', '--dir', here])
const failed = names.filter((name) => run(process.execPath, [`${here}node_modules/@stryker-mutator/core/bin/stryker.js`, 'run', `${here}stryker.config.mjs`, '--mutate', parts[name].join(',')], false) !== 0)
if (failed.length > 0) stop(1, `Too little was noticed in: ${failed.join(', ')}`)

function run(command: string, args: readonly string[], needed = true): number {
  process.stderr.write(needed ? '' : `${args.at(-1)}\n`)
  const status = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' }).status ?? 1
  if (needed && status !== 0) process.exit(status)
  return status
}

function stop(status: number, why: string): never {
  process.stderr.write(`${why}\n`)
  process.exit(status)
}
