import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Comment, type Node, parseSync } from 'oxc-parser'

/** One name that a user of a package can see in an editor, with its docstring. */
export interface PublicMember {
  /** `JoinOptions.path`, or `joinCluster`. */
  readonly name: string
  readonly file: string
  readonly line: number
  /** Without its frame; `undefined` where there is none. */
  readonly docstring: string | undefined
}

/** What `entry`, the index of a package, exports, and the members of it. */
export function publicMembersOf(entry: string): PublicMember[] {
  return new PublicApi().collect(entry)
}

interface Source {
  readonly file: string
  readonly text: string
  readonly body: readonly Node[]
  readonly comments: readonly Comment[]
}

type Declared = Node & { readonly id?: { readonly name?: string } | null }

class PublicApi {
  readonly #sources = new Map<string, Source>()
  readonly #members: PublicMember[] = []
  readonly #seen = new Set<string>()

  collect(entry: string): PublicMember[] {
    const source = this.#read(entry)
    for (const statement of source.body) {
      if (statement.type !== 'ExportNamedDeclaration') continue
      if (statement.declaration) this.#declaration(source, statement, statement.declaration, '')
      for (const { local, exported } of statement.specifiers) {
        if (statement.source && 'name' in local && 'name' in exported) this.#named(join(dirname(entry), statement.source.value), statement.source.value, local.name, exported.name)
      }
    }
    return this.#members
  }

  /** A name that another file declares or passes on; names of other packages are their own. */
  #named(path: string, specifier: string, local: string, exported: string): void {
    if (!specifier.startsWith('.')) return
    const file = path.replace(/\.js$/, '.ts')
    if (!existsSync(file) || this.#seen.has(`${file} ${local}`)) return
    this.#seen.add(`${file} ${local}`)
    const source = this.#read(file)
    for (const statement of source.body) {
      if (statement.type !== 'ExportNamedDeclaration') continue
      if (statement.declaration && declaredNames(statement.declaration).includes(local)) this.#declaration(source, statement, statement.declaration, exported)
      for (const specifierOf of statement.specifiers) {
        if ('name' in specifierOf.exported && specifierOf.exported.name === local && 'name' in specifierOf.local && statement.source) {
          this.#named(join(dirname(file), statement.source.value), statement.source.value, specifierOf.local.name, exported)
        }
      }
    }
  }

  #declaration(source: Source, statement: Node, declaration: Node, exported: string): void {
    const name = exported || (declaredNames(declaration)[0] ?? '')
    this.#note(source, statement, name)
    switch (declaration.type) {
      case 'TSInterfaceDeclaration':
        // The docstring of a message on one line stands for its fields, which the specification describes.
        if (source.text.slice(declaration.start, declaration.end).includes('\n')) this.#signatures(source, name, declaration.body.body)
        return
      case 'TSTypeAliasDeclaration':
        this.#typeMembers(source, name, declaration.typeAnnotation)
        return
      case 'ClassDeclaration':
        for (const member of declaration.body.body) this.#classMember(source, name, member)
        return
      default:
    }
  }

  #typeMembers(source: Source, name: string, type: Node): void {
    if (type.type === 'TSTypeLiteral') this.#signatures(source, name, type.members)
    if (type.type === 'TSIntersectionType') for (const part of type.types) this.#typeMembers(source, name, part)
  }

  #signatures(source: Source, owner: string, members: readonly Node[]): void {
    for (const member of members) {
      if (member.type !== 'TSPropertySignature' && member.type !== 'TSMethodSignature') continue
      this.#note(source, member, `${owner}.${keyOf(member.key)}`)
    }
  }

  #classMember(source: Source, owner: string, member: Node): void {
    if (member.type !== 'MethodDefinition' && member.type !== 'PropertyDefinition') return
    if (member.key.type === 'PrivateIdentifier' || (member.accessibility ?? 'public') !== 'public') return
    if (member.type === 'MethodDefinition' && (member.kind === 'constructor' || member.kind === 'set')) return
    if (member.override) return
    this.#note(source, member, `${owner}.${keyOf(member.key)}`)
  }

  #note(source: Source, node: Node, name: string): void {
    const comment = docstringBefore(source, node.start)
    this.#members.push({ name, file: source.file, line: source.text.slice(0, node.start).split('\n').length, docstring: comment })
  }

  #read(file: string): Source {
    const known = this.#sources.get(file)
    if (known) return known
    const text = readFileSync(file, 'utf8')
    const { program, comments } = parseSync(file, text)
    const source: Source = { file, text, body: program.body, comments }
    this.#sources.set(file, source)
    return source
  }
}

function declaredNames(declaration: Node): string[] {
  if (declaration.type === 'VariableDeclaration') return declaration.declarations.flatMap(({ id }) => ('name' in id ? [id.name] : []))
  const { id } = declaration as Declared
  return id?.name === undefined ? [] : [id.name]
}

function keyOf(key: Node): string {
  if ('name' in key && typeof key.name === 'string') return key.name
  if (key.type === 'Literal') return String(key.value)
  return key.type === 'MemberExpression' && key.property.type === 'Identifier' ? `[${key.property.name}]` : '?'
}

/** The block comment that ends right before a node. */
function docstringBefore({ text, comments }: Source, start: number): string | undefined {
  const comment = comments.findLast(({ end }) => end <= start && text.slice(end, start).trim() === '')
  if (comment?.type !== 'Block' || !comment.value.startsWith('*')) return undefined
  return comment.value.split('\n').map((line) => line.replace(/^\s*\*+ ?/, '')).join('\n').trim()
}
