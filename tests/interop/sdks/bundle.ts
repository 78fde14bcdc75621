import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const require = createRequire(import.meta.url)

/** Loads a package that is published as sources for a bundler. `standIns` are modules that its platform has and Node.js has not. */
export async function loadBundled(name: string, standIns: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'ddp-cluster-bundle-'))
  const outfile = join(folder, 'bundle.cjs')
  try {
    await build({ entryPoints: [require.resolve(name)], outfile, bundle: true, format: 'cjs', platform: 'node', logLevel: 'silent', plugins: [standInPlugin(standIns)] })
    return require(outfile) as unknown
  } finally {
    await rm(folder, { recursive: true })
  }
}

function standInPlugin(standIns: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'stand-ins',
    setup(builder) {
      builder.onResolve({ filter: /.*/ }, ({ path }) => (Object.hasOwn(standIns, path) ? { path, namespace: 'stand-in' } : undefined))
      builder.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({ contents: standIns[path] ?? '', loader: 'js' }))
    },
  }
}
