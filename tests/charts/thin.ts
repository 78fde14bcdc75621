export type Point = readonly [x: number, y: number]

/** Leaves of points that are in order of x the lowest and the highest of each of so many columns: no peak goes missing. */
export function thin(points: readonly Point[], columns: number): readonly Point[] {
  if (points.length <= 2 * columns) return points
  const perColumn = points.length / columns
  return Array.from({ length: columns }, (_, column) => extremes(points.slice(Math.floor(column * perColumn), Math.floor((column + 1) * perColumn)))).flat()
}

function extremes(points: readonly Point[]): Point[] {
  const byHeight = points.toSorted(([, a], [, b]) => a - b)
  const [lowest, highest] = [byHeight[0], byHeight.at(-1)]
  if (!lowest || !highest) return []
  if (lowest === highest) return [lowest]
  return lowest[0] < highest[0] ? [lowest, highest] : [highest, lowest]
}
