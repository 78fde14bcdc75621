/** A shorter one would be found in every other word. */
const leastCharacters = 4

/**
 * Takes secrets out of everything that is about to be shown: what libraries and servers say may repeat what they were given. Both a secret and what it looks
 * like in a URL or a header are taken out.
 */
export function redactor(secrets: readonly string[]): <T>(value: T) => T {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), encodeURI(secret), Buffer.from(secret).toString('base64')])
  const known = [...new Set(forms)].filter((form) => form.length >= leastCharacters).sort((a, b) => b.length - a.length)
  const clean = (text: string): string => known.reduce((rest, form) => rest.replaceAll(form, '[secret]'), text)
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (Array.isArray(value)) return value.map(deep)
    if (value instanceof Date || typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deep(inner)]))
  }
  return <T>(value: T): T => deep(value) as T
}
