import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** A bundle, and which files are in it. */
export interface Bundle {
  readonly script: string
  /** Paths in the folder of packages that the application has installed. */
  readonly inputs: readonly string[]
}

/**
 * What the bundler of an application makes of `source`: the packages are built and installed as they would be published, and the bundler
 * finds them by their `exports` with the conditions that it has for browsers.
 */
export async function bundleForBrowser(source: string): Promise<Bundle> {
  const application = await mkdtemp(join(tmpdir(), 'ddp-browser-'))
  try {
    await Promise.all(['ddp-common', 'ddp-client'].map((name) => installPackage(application, name)))
    await symlink(folderOf('eventemitter3'), join(application, 'node_modules', 'eventemitter3'))
    const { outputFiles: [script], metafile } = await build({
      stdin: { contents: source, resolveDir: application },
      absWorkingDir: application,
      bundle: true,
      format: 'esm',
      platform: 'browser',
      preserveSymlinks: true,
      metafile: true,
      write: false,
    })
    return { script: script?.text ?? '', inputs: Object.keys(metafile.inputs) }
  } finally {
    await rm(application, { recursive: true })
  }
}

/** Builds a package into the application's folder; whether its types are right is for the check of the types to say. */
async function installPackage(application: string, name: string): Promise<void> {
  const folder = join(application, 'node_modules', '@ddp-cluster', name)
  await mkdir(folder, { recursive: true })
  await symlink(join(root, 'packages', name, 'package.json'), join(folder, 'package.json'))
  const config = join(root, 'packages', name, 'tsconfig.build.json')
  await run(process.execPath, [join(folderOf('typescript', root), 'bin', 'tsc'), '-p', config, '--noCheck', '--outDir', join(folder, 'dist')])
}

function folderOf(dependency: string, from = join(root, 'packages', 'ddp-client/')): string {
  return dirname(createRequire(from).resolve(`${dependency}/package.json`))
}
