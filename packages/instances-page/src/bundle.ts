import { basename } from 'node:path'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const folder = fileURLToPath(new URL('page/', import.meta.url))

/** Makes the files of the page, by their names: the script with our DDP client in it, the style, and what is as it is. */
export async function bundlePage(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: [{ in: 'main.ts', out: 'page' }, { in: 'style/page.css', out: 'page' }],
    absWorkingDir: folder,
    outdir: folder,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
    // The siblings' sources, so that nothing must be built before.
    conditions: ['@ddp-cluster/source'],
    logLevel: 'silent',
  })
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
  for (const name of ['index.html', 'icon.svg']) files.set(name, await readFile(folder + name))
  return files
}
