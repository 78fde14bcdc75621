import type { ConnectionEnd } from './connection-end.js'

/** A certificate or a key: PEM as text or as bytes. */
export type TlsMaterial = string | Uint8Array

/** TLS options, as those of Node.js. Not available in browsers. */
export interface TlsOptions {
  /** Certificates of the authorities to trust. @defaultValue Node.js' own */
  readonly ca?: TlsMaterial | readonly TlsMaterial[]
  /** Certificate of this side. */
  readonly cert?: TlsMaterial | readonly TlsMaterial[]
  /** Private key of this side. */
  readonly key?: TlsMaterial
  /** Name that the certificate must be for. @defaultValue the host of the URL */
  readonly servername?: string
  /** Refuse certificates that no trusted authority has signed. @defaultValue true */
  readonly rejectUnauthorized?: boolean
}

export interface TransportOptions {
  readonly url: string
  readonly headers?: Record<string, string> | undefined
  readonly tls?: TlsOptions | undefined
  /** A longer message ends the transport. */
  readonly maxMessageBytes: number
}

export interface TransportHandlers {
  onOpen(): void
  /** `bytes`: its length on the wire; browsers do not tell it, and give its characters. */
  onText(text: string, bytes: number): void
  /** The last thing that happens; exactly once, never from inside `dial`, `close` or `terminate`. */
  onEnd(end: ConnectionEnd): void
}

/** A WebSocket, as far as a session needs one. */
export interface Transport {
  /** Sends one text frame; does nothing unless open. */
  send(text: string): void
  /** Says goodbye with a close frame, or stops dialling. */
  close(): void
  /** Ends it without waiting for anybody. */
  terminate(): void
}

/** Starts to connect. Never throws: what is wrong with the options comes as the end. */
export type Dial = (options: TransportOptions, handlers: TransportHandlers) => Transport

/** Calls `run` whenever the network has come back, as far as the platform tells; the function returned ends that. */
export type WatchNetwork = (run: () => void) => () => void
