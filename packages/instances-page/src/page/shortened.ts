/** With its middle left out: addresses of one cluster begin alike, and end in what tells them apart. */
export function shortened(words: string, most: number): string {
  if (words.length <= most) return words
  const end = Math.floor(most / 2)
  return `${words.slice(0, most - 1 - end)}…${words.slice(-end)}`
}
