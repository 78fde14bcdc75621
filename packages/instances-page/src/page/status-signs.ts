import { svg } from './element.js'

/** Meaning of a sign: the status of an instance, or that it is gone. */
export type Sign = 'self' | 'alive' | 'joining' | 'suspect' | 'left'

/** Each is known by its shape, not by its colour alone; drawn about the origin, some 6 in radius. */
const shapes: Readonly<Record<Sign, string>> = {
  self: 'M0-6 6 0 0 6-6 0Z',
  alive: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z',
  joining: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z',
  suspect: 'M0-6.4 6.4 5H-6.4Z',
  left: 'M-4.5-4.5 4.5 4.5M4.5-4.5-4.5 4.5',
}

export const signWords: Readonly<Record<Sign, string>> = { self: 'this instance', alive: 'alive', joining: 'joining', suspect: 'suspect', left: 'left' }

export function shapeOf(sign: Sign): string {
  return shapes[sign]
}

/** A small sign to stand before its word. */
export function signOf(sign: Sign): SVGSVGElement {
  return svg('svg', { class: `sign ${sign}`, viewBox: '-8 -8 16 16', 'aria-hidden': 'true' }, svg('path', { d: shapes[sign] }))
}
