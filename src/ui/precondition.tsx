/** Why programs cannot run here, in plain words, and what can be done: instead of the page. */

import type { PreconditionCode } from '../sdk/isolation.ts'
import { precondition } from '../sdk/preconditions.ts'
import { Icon } from './icon.tsx'

export interface PreconditionProps {
  code: PreconditionCode
  tryAgain(): void
}

export const Precondition = ({ code, tryAgain }: PreconditionProps) => {
  const { title, text } = precondition(code)
  return (
    <div class="start onboard">
      <header class="bar">
        <span class="logo">
          <Icon name="mark" />
        </span>
        <b>wasmrun OS</b>
      </header>
      <main class="board" id="main">
        <div class="note fault-card sheet" role="alert" data-testid="precondition" data-code={code}>
          <h2>{title}</h2>
          <p class="dim">{text}</p>
          <div class="acts">
            <button type="button" class="btn go" onClick={tryAgain}>
              Try again
            </button>
          </div>
          <details>
            <summary>What is needed</summary>
            <p class="dim">
              Chromium 123 or Firefox 145, or newer; https:// or localhost; site data and service workers
              allowed for this address; the page in a tab of its own. Programs share memory between threads,
              and browsers give that only to pages that are isolated from others.
            </p>
          </details>
        </div>
      </main>
    </div>
  )
}
