/** Told apart also by those who see no red or no green; the second of each is for a dark ground. */
const colours = [['#2a78d6', '#3987e5'], ['#1baf7a', '#199e70'], ['#eda100', '#c98500'], ['#008300', '#35a535'], ['#4a3aa7', '#9085e9'], ['#e34948', '#e66767']] as const

export const colourCount = colours.length

/** Of a chart: it is in the chart, so that it can also be a file of its own. */
export const chartStyle = `svg.chart { --ink: #1f2328; --faint: #656d76; --grid: #d8dee4; --shade: #8c959f22; ${colours.map(([light], index) => `--c${index}: ${light};`).join(' ')} font: 12px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { svg.chart { --ink: #e6edf3; --faint: #9198a1; --grid: #30363d; --shade: #9198a122; ${colours.map(([, dark], index) => `--c${index}: ${dark};`).join(' ')} } }
svg.chart text { fill: var(--faint) } svg.chart text.title { fill: var(--ink); font-weight: 600; font-size: 14px } svg.chart text.name { fill: var(--ink) }
svg.chart .grid { stroke: var(--grid) } svg.chart .shade { fill: var(--shade) } svg.chart polyline { fill: none; stroke-width: 1.5; stroke-linejoin: round }`

export const colourOf = (index: number): string => `var(--c${index % colourCount})`
/** Beyond the colours that there are, lines are dashed. */
export const dashOf = (index: number): string => (index < colourCount ? '' : ` stroke-dasharray="${4 * Math.floor(index / colourCount)} 3"`)

export const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
