import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { publicMembersOf, type PublicMember } from './public-members.js'

const root = join(import.meta.dirname, '../..')
const entries = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name, 'src/index.ts')).filter((file) => existsSync(file))
const members = entries.flatMap(publicMembersOf)
const at = ({ name, file, line }: PublicMember): string => `${name} (${file.slice(root.length + 1)}:${line})`

/** Words that leave the reader to guess what a sentence is about. */
const vague = /^(?:What|Who|Whose|Whoever|Whatever|One|That|This|These|Those|As|It|They|So|The same|Such|There|Here)\b/

describe('the public API', () => {
  it('has members', () => {
    expect(members.length).toBeGreaterThan(300)
  })

  it('has a docstring on every name that is exported, and on every member of it', () => {
    expect(members.filter(({ docstring }) => docstring === undefined).map(at)).toEqual([])
  })

  it('names the subject first in every docstring', () => {
    expect(members.filter(({ docstring }) => docstring !== undefined && vague.test(docstring)).map(at)).toEqual([])
  })
})

describe('comments', () => {
  const sources = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
    .map((file) => `packages/${file.replaceAll('\\', '/')}`)
    .filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'))

  it('name their subject first', () => {
    expect(sources.length).toBeGreaterThan(200)
    const found = sources.flatMap((file) => readFileSync(join(root, file), 'utf8').split('\n').flatMap((line, index) => {
      const comment = /(?:\/\*\*|\/\/) (.*)/.exec(line)?.[1]
      return comment !== undefined && vague.test(comment) ? [`${file}:${index + 1} ${line.trim()}`] : []
    }))
    expect(found).toEqual([])
  })
})
