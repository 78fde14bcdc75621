import { expect, it } from 'vitest'
import { barChart } from './bar-chart.js'

it('draws a bar for each value, as long as the value is large, and names what it is of', () => {
  const svg = barChart({ title: 'Fast & <slow>', groups: ['one', 'two'], series: [{ name: 'few', values: [1, 4] }, { name: 'many', values: [2, 0] }] })
  const bars = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*><title>([^<]+)<\/title>/g)].map(([, width, name]) => ({ width: Number(width), name }))
  expect(bars.map(({ name }) => name)).toEqual(['one, few: 1.00', 'one, many: 2.00', 'two, few: 4.00', 'two, many: 0.00'])
  const [unit] = bars.map(({ width }) => width)
  expect(bars.map(({ width }) => width / (unit ?? Number.NaN))).toEqual([1, 2, 4, 0].map((times) => expect.closeTo(times, 1) as number))
  expect(svg).toContain('Fast &amp; &lt;slow&gt;')
  expect(svg.match(/<svg /g)).toHaveLength(1)
})
