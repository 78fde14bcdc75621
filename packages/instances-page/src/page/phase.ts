/** How the page stands to its server. */
export type Phase =
  /** Nobody is logged in; `problem` says why those who tried were not let in. */
  | { readonly kind: 'signed-out'; readonly problem: string | undefined }
  /** Nothing has been shown yet. */
  | { readonly kind: 'connecting'; readonly note: string }
  | { readonly kind: 'live' }
  /** The connection is gone: what is seen is as it was at `since` (milliseconds since the epoch, as all times here). */
  | { readonly kind: 'lost'; readonly since: number; readonly reason: string; readonly retryAt: number | undefined }
  /** The server answers, and does not show the cluster for now. */
  | { readonly kind: 'waiting'; readonly since: number | undefined; readonly message: string; readonly retryAt: number }
