export interface Place {
  readonly x: number
  readonly y: number
  /** Where its name stands: away from the middle. */
  readonly label: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'middle' | 'end' }
}

export interface RingLayout {
  readonly width: number
  readonly height: number
  readonly places: readonly Place[]
  /** Of the signs: 1 as they are drawn. */
  readonly scale: number
  readonly labelled: boolean
}

/** More names than this would be a thicket. */
const mostLabels = 24

/** Narrower drawings have no room for names at the sides. */
const narrow = 520

/** Puts `count` instances on a ring, the first at the top, in a drawing `width` pixels wide. */
export function ringLayout(count: number, width: number): RingLayout {
  const height = Math.min(520, Math.max(280, Math.round(width * 0.75)))
  const labelled = count <= mostLabels && width >= narrow
  const scale = count <= 8 ? 1.7 : count <= 24 ? 1.3 : count <= 48 ? 1 : 0.72
  const radius = count === 1 ? 0 : Math.min(width / 2 - (labelled ? 165 : 24), height / 2 - (labelled ? 40 : 24))
  const places = Array.from({ length: count }, (_, index) => {
    const angle = (2 * Math.PI * index) / count - Math.PI / 2
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)]
    const away = radius + 7 * scale + 7
    return { x: radius * dx, y: radius * dy, label: { x: away * dx, y: away * dy + 4 + 5 * dy, anchor: anchorOf(dx) } }
  })
  return { width, height, places, scale, labelled }
}

function anchorOf(dx: number): 'start' | 'middle' | 'end' {
  if (Math.abs(dx) < 0.15) return 'middle'
  return dx > 0 ? 'start' : 'end'
}
