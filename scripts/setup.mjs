// Brings the checkout to where everything runs: the dependencies, by the pnpm that package.json names.
// It needs Node and npm only, does nothing when nothing changed, and writes to standard error alone.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.setup-done')

const manifests = [
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'package.json',
  'examples/package.json',
  'deploy/package.json',
  'tests/package.json',
  ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/package.json`),
].filter((file) => existsSync(join(root, file)))

const hash = createHash('sha256')
for (const file of manifests) hash.update(file).update(readFileSync(join(root, file)))
const wanted = hash.digest('hex')

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0)

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`ddp-cluster needs Node 20.19 or later; this is ${process.version}\n`)
  process.exit(1)
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
process.stderr.write('Setting up: installing the dependencies (once)…\n')
// npm's --silent would reach pnpm too, and hide why it failed; and where nobody can answer, it must not ask.
const { npm_config_loglevel: _, ...env } = process.env
// Standard output stays free for what the command itself prints.
const install = spawnSync('npx', ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline', '--reporter=append-only'], {
  cwd: root,
  env: { ...env, CI: 'true' },
  stdio: ['ignore', 2, 2],
  shell: process.platform === 'win32',
})
if (install.status !== 0) {
  process.stderr.write('The dependencies could not be installed; what pnpm said is above.\n')
  process.exit(install.status ?? 1)
}
writeFileSync(stamp, wanted)
