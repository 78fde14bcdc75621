/** `4.2 kB`, `17 B`: powers of a thousand, two figures at least. */
export function bytes(value: number): string {
  if (value < 1000) return `${Math.round(value)} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let rest = value / 1000
  let unit = 0
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000
    unit += 1
  }
  return `${rest < 10 ? rest.toFixed(1) : Math.round(rest)} ${units[unit] ?? ''}`
}

/** `0.4`, `4`, `17`, `12,345`. */
export function amount(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : Math.round(value).toLocaleString('en')
}

/** `0.4 ms`, `17 ms`. */
export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`
}

/** `1 link`, `3 links`. */
export function count(value: number, one: string, more = `${one}s`): string {
  return `${value} ${value === 1 ? one : more}`
}
