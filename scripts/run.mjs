// `node scripts/run.mjs FILE [arguments]`: sets up, then runs a TypeScript file of the project from the packages' sources.
// One process stands between npm and the file. It passes signals on, and if it is killed the file sees its channel close.
import { spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const setup = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs')], { stdio: 'inherit' })
if (setup.status !== 0) process.exit(setup.status ?? 1)

const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// npm runs this by a shell, which dies of a signal without passing it on: to have another parent is to have been asked to end.
const { ppid } = process
setInterval(() => {
  if (process.ppid !== ppid) child.kill('SIGTERM')
}, 250).unref()
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === 'SIGINT' ? 2 : 15)
})
