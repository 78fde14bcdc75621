// node --import tsx --conditions=@ddp-cluster/source tests/interop/rolling/pack.ts FILE: packs the member with all of ours that it needs,
// as builds of earlier commits are kept in builds/, each named after its commit.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** `protocol`: has the build speak another version of the peer protocol. */
export async function pack(outfile: string, protocol?: number): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('member.ts', import.meta.url))],
    outfile,
    bundle: true,
    minify: true,
    legalComments: 'none',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@ddp-cluster/source'],
    external: ['mongodb'],
    // What is CommonJS within requires Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: 'error',
    plugins: protocol === undefined ? [] : [{
      name: 'another version',
      setup: (bundler) =>
        bundler.onLoad({ filter: /mesh\/proof\.ts$/ }, async ({ path }) => {
          const source = await readFile(path, 'utf8')
          const contents = source.replace(/peerProtocol = \d+/, `peerProtocol = ${protocol}`)
          if (contents === source) throw new Error(`no version was found in ${path}`)
          return { contents, loader: 'ts' }
        }),
    }],
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , file] = process.argv
  if (file === undefined) throw new Error('which file is it to be packed into?')
  await pack(file)
}
