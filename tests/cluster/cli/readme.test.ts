import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { catalogue } from '../../../packages/cli/src/doctor/catalogue.js'
import { exitCodes } from '../../../packages/cli/src/exit-codes.js'
import { Fleet } from '../fleet.js'
import { ask } from './terminal.js'

const readme = readFileSync(new URL('../../../packages/cli/README.md', import.meta.url), 'utf8')

it('the README names every finding with its severity, and no other', () => {
  const documented = [...readme.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| (error|warning|info) \|/gm)].flatMap((row) => (row[1] ?? '').split(', ').map((code) => `${code.replaceAll('`', '')} ${row[2]}`))
  expect(documented.sort()).toEqual(Object.entries(catalogue).map(([code, { severity }]) => `${code} ${severity}`).sort())
})

it('the README names every exit code', () => {
  const documented = [...readme.matchAll(/^\| (\d+) \| \w/gm)].map((row) => Number(row[1]))
  expect(documented).toEqual(Object.values(exitCodes))
})

it('the README names every option and environment variable that the help names', async () => {
  const { stdout } = await ask(['--help'])
  for (const word of stdout.match(/--[a-z]+|[A-Z]+_[A-Z_]+/g) ?? []) if (word !== '--help' && word !== '--version') expect(readme, word).toContain(word)
})

it('the README has commands that work', async () => {
  const commands = [...readme.matchAll(/^npx ddp-cluster (\w+)/gm)].map((match) => match[1] ?? '')
  expect(commands).toEqual(['status', 'matrix', 'watch', 'doctor'])
  const fleet = await Fleet.open()
  try {
    await fleet.join()
    for (const command of ['status', 'doctor']) expect(await ask([command], { MONGO_URL: fleet.url })).toMatchObject({ code: 0 })
  } finally {
    await fleet.close()
  }
})
