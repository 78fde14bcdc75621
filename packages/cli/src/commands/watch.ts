import type { Line, Style } from '../text/line.js'
import { fit, line, span } from '../text/line.js'
import type { Output } from '../text/output.js'
import { wrap } from '../text/wrap.js'
import type { Happening, Listener } from '../watching/happening.js'

const styles: Readonly<Record<string, Style>> = {
  joined: 'good', recovered: 'good', registered: 'good', renewed: 'good', registryRestored: 'good',
  suspected: 'odd', stalled: 'odd', gap: 'odd', expelled: 'odd', foreign: 'odd',
  left: 'bad', removed: 'bad', stale: 'bad', registryLost: 'bad', unreachableSelf: 'bad',
}

/** Prints what happens as it happens: a line each, of tabs where it is piped, of JSON where that was asked for. */
export function printer({ out, err, json, redact }: { readonly out: Output; readonly err: Output; readonly json: boolean; readonly redact: <T>(value: T) => T }): Listener {
  return {
    happened(raw) {
      const happening = redact(raw)
      if (json) out.json(happening)
      else if (out.isTerminal) out.lines(linesOf(happening, out.columns))
      else out.fields([happening.at.toISOString(), happening.type, happening.instance ?? '', happening.address ?? '', happening.reason ?? ''])
    },
    noticed: (sentence) => err.lines(wrap(redact(sentence), err.columns, { style: 'dim' })),
  }
}

const typeWidth = 'registryRestored'.length

function linesOf({ at, type, instance, address, reason }: Happening, columns: number): Line[] {
  const who = [instance, address].filter((word) => word !== undefined).join('  ')
  const first = line(span(at.toISOString().slice(11, 19), 'dim'), '  ', span(fit(type, typeWidth).padEnd(typeWidth), styles[type] ?? 'plain'), '  ', span(fit(who, columns - typeWidth - 12)))
  return [first, ...(reason === undefined ? [] : wrap(reason, columns - 10).map((parts) => [span(' '.repeat(10)), ...parts]))]
}
