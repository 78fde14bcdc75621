import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { loadPage } from '@ddp-cluster/instances-page'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('../../packages/instances-page/', import.meta.url))

it('the page as it is published is the page as it runs from sources, and needs no other package', async () => {
  const dist = await mkdtemp(join(tmpdir(), 'instances-page-'))
  try {
    const compiler = join(dirname(createRequire(join(folder, '../../')).resolve('typescript/package.json')), 'bin', 'tsc')
    await run(process.execPath, [compiler, '-p', join(folder, 'tsconfig.build.json'), '--noCheck', '--outDir', dist])
    await run(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', join(folder, 'src/build.ts'), join(dist, 'page')], { cwd: folder })
    // In a folder without any packages, by another process: what it needs it has.
    const show = `const { loadPage } = await import(${JSON.stringify(pathToFileURL(join(dist, 'index.js')).href)}); console.log(JSON.stringify([...await loadPage()].map(([path, { etag }]) => [path, etag])))`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', show], { cwd: dist })
    expect(JSON.parse(stdout)).toEqual([...(await loadPage())].map(([path, { etag }]) => [path, etag]))
  } finally {
    await rm(dist, { recursive: true })
  }
  const { dependencies } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { dependencies?: object }
  expect(dependencies).toBeUndefined()
}, 60_000)
