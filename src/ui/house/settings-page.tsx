/** Settings: how the page looks, what a program may use, what comes in with a project. */
import { useSignal } from '@preact/signals'
import { KIND_LIMITS, LIMIT_FACTS, LIMIT_MOST, LIMIT_NAMES, limitText } from '../../abi/limits.ts'
import { DEFAULT_IGNORES } from '../../project/defaults.ts'
import { messageOf } from '../format.ts'
import { saveReport } from '../logs/save-report.ts'
import type { Theme } from '../stores/preferences.ts'
import { IMPORT_DEFAULTS, IMPORT_MOST } from '../stores/settings.ts'
import { useUi } from '../ui.ts'
import { parseQuantity, quantityText, type Unit } from './quantity.ts'

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

interface QuantityProps {
  id: string
  words: string
  unit: Unit
  value: number
  least: number
  most: number
  set(value: number): void
}

const Quantity = ({ id, words, unit, value, least, most, set }: QuantityProps) => {
  const problem = useSignal('')
  const take = (text: string): void => {
    const next = parseQuantity(text, unit)
    const range = `between ${quantityText(least, unit)} and ${quantityText(most, unit)}`
    if (next === null || next < least || next > most) problem.value = `${words}: ${range}.`
    else {
      problem.value = ''
      set(next)
    }
  }
  return (
    <div class="quantity">
      <label for={id}>{words}</label>
      <input
        id={id}
        key={value}
        class="mono"
        defaultValue={quantityText(value, unit)}
        aria-invalid={problem.value !== ''}
        {...(problem.value ? { 'aria-describedby': `${id}-problem` } : {})}
        onChange={(event) => take(event.currentTarget.value)}
      />
      {problem.value ? (
        <p id={`${id}-problem`} class="problem" role="alert">
          {problem.value}
        </p>
      ) : null}
    </div>
  )
}

const IMPORTS = [
  ['files', 'Files', 'count'],
  ['totalBytes', 'All files together', 'bytes'],
  ['fileBytes', 'One file', 'bytes'],
] as const

const upper = (words: string): string => words.slice(0, 1).toUpperCase() + words.slice(1)

export const SettingsPage = () => {
  const ui = useUi()
  const { stores, settings } = ui
  const { preferences, notices } = stores
  const { theme, autosave } = preferences.current.value
  const { limits, import: imports, defaultsOff } = settings.current.value
  const apply = (change: Parameters<typeof settings.apply>[0]): void => {
    settings.apply(change).catch((error: unknown) => {
      const text = `The setting holds until the page is left, it could not be kept: ${messageOf(error)}`
      notices.apply({ type: 'toast', kind: 'fault', text })
    })
  }
  return (
    <div class="settings">
      <section aria-labelledby="set-look">
        <h3 id="set-look">The page</h3>
        <div class="choices-row" role="radiogroup" aria-label="Theme">
          {THEMES.map(([id, words]) => (
            <label key={id}>
              <input
                type="radio"
                name="theme"
                checked={theme === id}
                onChange={() => preferences.apply({ theme: id })}
              />
              {words}
            </label>
          ))}
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={autosave}
            onChange={(event) => preferences.apply({ autosave: event.currentTarget.checked })}
          />
          Save an edited file after a second without a key
        </label>
      </section>
      <section aria-labelledby="set-limits">
        <h3 id="set-limits">What programs may use</h3>
        <p>
          A program that passes one of these is stopped and says so. A project can ask for less, never for
          more. The machine itself ends at {limitText('diskBytes', LIMIT_MOST.diskBytes)} of files and{' '}
          {LIMIT_MOST.processes} processes.
        </p>
        <div class="quantities">
          {LIMIT_NAMES.map((name) => (
            <Quantity
              key={name}
              id={`limit-${name}`}
              words={upper(LIMIT_FACTS[name].words)}
              unit={LIMIT_FACTS[name].unit}
              value={limits[name]}
              least={LIMIT_FACTS[name].least}
              most={LIMIT_MOST[name]}
              set={(value) => apply({ limits: { ...limits, [name]: value } })}
            />
          ))}
        </div>
        <button type="button" class="btn" onClick={() => apply({ limits: KIND_LIMITS })}>
          Back to the usual limits
        </button>
      </section>
      <section aria-labelledby="set-import">
        <h3 id="set-import">What comes in with a project</h3>
        <p>A project with more asks first. These count for the next project that is opened.</p>
        <div class="quantities">
          {IMPORTS.map(([name, words, unit]) => (
            <Quantity
              key={name}
              id={`import-${name}`}
              words={words}
              unit={unit}
              value={imports[name]}
              least={1}
              most={IMPORT_MOST[name]}
              set={(value) => apply({ import: { ...imports, [name]: value } })}
            />
          ))}
        </div>
        <h4>Left out unless a .gitignore says otherwise</h4>
        <ul class="ignores">
          {DEFAULT_IGNORES.map(({ id, patterns, reason }) => (
            <li key={id}>
              <label class="check">
                <input
                  type="checkbox"
                  checked={!defaultsOff.includes(id)}
                  onChange={(event) =>
                    apply({
                      defaultsOff: event.currentTarget.checked
                        ? defaultsOff.filter((other) => other !== id)
                        : [...defaultsOff, id],
                    })
                  }
                />
                <span>
                  <code>{patterns.slice(0, 5).join(' ')}</code>
                  {patterns.length > 5 ? <span class="faint"> and {patterns.length - 5} more</span> : null}
                  <small>{reason}</small>
                </span>
              </label>
            </li>
          ))}
        </ul>
        <button type="button" class="btn" onClick={() => apply({ import: IMPORT_DEFAULTS, defaultsOff: [] })}>
          Back to the usual
        </button>
      </section>
      <section aria-labelledby="set-report">
        <h3 id="set-report">When something is wrong</h3>
        <p>
          A report has the versions, what this browser can do, the processes without their arguments, and the
          log. No file of yours is in it, and nothing is sent: it is saved to your downloads.
        </p>
        <button type="button" class="btn" onClick={() => void saveReport(ui)}>
          Save a report for a bug
        </button>
      </section>
    </div>
  )
}
