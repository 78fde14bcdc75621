/** Round numbers from 0 to at least `most`, about `count` steps apart. */
export function ticks(most: number, count: number): number[] {
  const rough = (most > 0 ? most : 1) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5].find((factor) => factor * power >= rough * 0.999_999) ?? 10) * power
  const steps = Math.ceil((most > 0 ? most : 1) / step - 0.000_001)
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}
