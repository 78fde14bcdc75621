import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const text = readFileSync(join(root, 'SECURITY.md'), 'utf8')
const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path)

it('every test that SECURITY.md links to exists', () => {
  expect(links.length).toBeGreaterThan(40)
  expect(links.filter((path) => !path.endsWith('.test.ts') || !existsSync(join(root, path)))).toEqual([])
})

it('every test of security is linked there', () => {
  const tests = readdirSync(join(root, 'tests/security')).filter((file) => file.endsWith('.test.ts') && file !== 'documented.test.ts')
  expect(tests.filter((file) => !links.includes(`tests/security/${file}`))).toEqual([])
})

it('the README leads there', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('(SECURITY.md)')
})
