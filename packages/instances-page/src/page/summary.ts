import { byId, html, setText } from './element.js'
import type { Instance } from './instance.js'
import { type LinkBetween, linkStateOf } from './links.js'
import { count } from './quantities.js'
import { type Sign, signOf, signWords } from './status-signs.js'

/** Summary: the serving instance, the number of instances, and the meaning of the signs. */
export class Summary {
  readonly #name = byId('name')
  readonly #seenFrom = byId('seen-from')
  readonly #summary = byId('summary')
  readonly #description = byId('ring-description')

  constructor() {
    const signs: readonly Sign[] = ['self', 'alive', 'joining', 'suspect']
    const lines = [['up', 'link up'], ['opening', 'link opening'], ['broken', 'link broken']] as const
    byId('legend').append(
      ...signs.map((sign) => html('li', {}, signOf(sign), signWords[sign])),
      ...lines.map(([state, words]) => html('li', {}, html('span', { class: `line ${state}`, 'aria-hidden': 'true' }), words)),
    )
  }

  show(instances: readonly Instance[], links: readonly LinkBetween[]): void {
    const local = instances.find((instance) => instance.local)
    const name = local?.name || 'Cluster'
    const suspects = instances.filter(({ status }) => status === 'suspect').length
    setText(this.#name, name)
    setText(this.#seenFrom, local ? `Seen from ${local.address} (${local.id}), process ${local.pid}` : 'The instances of this cluster, and the links between them')
    setText(this.#summary, summaryOf(instances))
    setText(this.#description, descriptionOf(instances, links))
    const title = local ? `${suspects > 0 ? `(${suspects} suspect) ` : ''}${name}: ${count(instances.length, 'instance')}` : name
    if (document.title !== title) document.title = title
  }
}

function summaryOf(instances: readonly Instance[]): string {
  if (instances.length === 0) return ''
  if (instances.length === 1) return 'One instance: this one. No other has joined.'
  const parts = (['alive', 'joining', 'suspect'] as const).flatMap((status) => {
    const number = instances.filter((instance) => instance.status === status).length
    return number === 0 ? [] : [`${number} ${status}`]
  })
  return `${count(instances.length, 'instance')}: this one, ${parts.join(', ')}`
}

function descriptionOf(instances: readonly Instance[], links: readonly LinkBetween[]): string {
  if (instances.length === 0) return ''
  if (instances.length === 1) return 'There is nobody to be linked to.'
  const number = (state: string): number => links.filter((link) => link.state === state).length
  const [up, opening, broken] = [number('up'), number('opening'), number('broken')]
  const own = instances.filter((instance) => !instance.local)
  const ownUp = own.filter((instance) => linkStateOf(instance) === 'up').length
  if (broken === 0 && opening === 0) return `All of ${count(links.length, 'link')} up.`
  const parts = [`${up} up`, ...(opening > 0 ? [`${opening} opening`] : []), ...(broken > 0 ? [`${broken} broken`] : [])]
  return `${count(links.length, 'link')}: ${parts.join(', ')}. This instance reaches ${ownUp} of ${own.length}.`
}
