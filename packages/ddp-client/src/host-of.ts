/** Host and port of a URL, for people to read: nothing else of it, because user names, paths and queries may hold secrets. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the given address'
}
